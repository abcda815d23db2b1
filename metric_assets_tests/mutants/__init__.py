"""Mutants: guards taken out one by one, to see that a test fails for each.

``python -m metric_assets_tests.mutants`` runs the round and prints the table of docs/reliability.md.
"""
