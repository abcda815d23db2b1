"""The embedded stack: PostgreSQL and a ClickHouse engine for the demo, the tests and a first look.

Servers, their lifecycle and demo data belong here. Nothing a production run needs does.
"""
