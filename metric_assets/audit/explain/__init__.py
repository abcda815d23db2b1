"""Why a counter differs: hypotheses, each tested against the data.

Belongs here: pure functions over frames of rows. Does not belong here: how the rows are gathered
(operations/explain), or how an answer is shown.
"""
