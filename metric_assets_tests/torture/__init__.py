"""Kills backfills and their stores at named points and at random; nothing may be lost or doubled.

``python -m metric_assets_tests.torture --rounds 200`` (``make torture``).
"""
