"""Fixtures of the integration tests: one embedded stack a session, databases of one's own.

``stack``     where both servers are; one home for the session, below a short temporary folder.
``platform``  both stores, empty but for tables and indexes, for one test (see platforms.py).
``demo``      both stores, seeded with about 20,000 events, for the session: read it, and write only
              into tables of your own in its ClickHouse database.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from metric_assets.local import stack as local_stack
from metric_assets.local.seed import seed
from metric_assets.local.stack import Endpoints
from metric_assets_tests.integration.local_fixtures import free_port, own_folder
from metric_assets_tests.integration.platforms import (
    TARGET,
    Platform,
    add_template,
    open_platform,
)

DEMO_SCALE = 20_000


@pytest.fixture(scope="session")
def stack() -> Iterator[Endpoints]:
    """An embedded stack that nobody else knows, stopped at the end."""
    with own_folder() as home:
        try:
            yield local_stack.up(home, clickhouse_port=free_port())
        finally:
            local_stack.down(home)


@pytest.fixture(scope="session")
def template(stack: Endpoints) -> str:
    """The Postgres database that platforms are copied from."""
    return add_template(stack)


@pytest.fixture
def platform(stack: Endpoints, template: str) -> Iterator[Platform]:
    """Both stores for one test: tables, keys and indexes, no rows."""
    with open_platform(stack, template) as made:
        yield made


@pytest.fixture(scope="session")
def demo(stack: Endpoints) -> Iterator[Platform]:
    """Both stores with the demo's sources, legacy tables and live events. Not to be changed."""
    with open_platform(stack) as made:
        seed(made.postgres_url, made.clickhouse_url, scale=DEMO_SCALE, target_table=TARGET)
        yield made
