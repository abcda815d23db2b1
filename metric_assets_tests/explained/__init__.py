"""Causes of differences, injected one by one into real engines, and what `explain` calls each.

Belongs here: places with sources, targets and legacy counters, what goes wrong in them, and the
table of what was said. Does not belong here: hypotheses over frames made by hand (unit tests).
"""
