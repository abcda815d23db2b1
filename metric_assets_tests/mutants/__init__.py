"""Mutation tests for the safety checks: each is taken out once, and a test has to fail.

``python -m metric_assets_tests.mutants`` runs them and writes docs/results/mutants.md.

To add one, take the check out of the code, ``git diff -U1 > patches/what-is-unsafe.patch``, put the
code back and write the header (``mutant`` describes it). A rename by search and replace takes the
patches along, as they are text; where only lines around a change have become others, ``--refresh``
writes its patch anew.
"""
