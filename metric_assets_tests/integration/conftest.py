"""Fixtures of the integration tests: one embedded stack a session, databases of one's own.

``stack_home``  its folder, short and temporary.
``stack``     where both servers are; test_drill has its own databases, all others make some.
``platform``  both stores, empty but for tables and indexes, for one test (see platforms.py).
``console``   commands over the platform in fresh processes, with a Dagster storage of their own.
``server``    the ClickHouse server that the environment names, or None (see servers.py); in modules
              about targets ``platform`` has its ClickHouse database there.
``served``    a platform on that server; the test is skipped where there is none.
``deletes``   skips the test where surplus is not deleted from targets.
``demo``      both stores, seeded with about 20,000 events, for the session: read it, and write only
              into tables of your own in its ClickHouse database.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from metric_assets.local import stack as local_stack
from metric_assets.local.seed import seed
from metric_assets.local.stack import Endpoints
from metric_assets_tests.integration.consoles import Console, open_console
from metric_assets_tests.integration.local_fixtures import free_port, own_folder
from metric_assets_tests.integration.platforms import (
    TARGET,
    Platform,
    add_template,
    open_platform,
)
from metric_assets_tests.integration.servers import RESTART, URL, Server

DEMO_SCALE = 20_000
#: Modules about targets: with a server given by URL, their platforms are there.
BY_URL = frozenset(
    {
        "test_bad_input",
        "test_engine_histories",
        "test_faults",
        "test_known_answers",
        "test_races",
        "test_repair",
        "test_replicated_target",
        "test_undo",
        "test_undo_killed",
        "test_undo_replicated",
    }
)


@pytest.fixture(scope="session")
def stack_home() -> Iterator[Path]:
    """The folder of the stack."""
    with own_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def stack(stack_home: Path) -> Iterator[Endpoints]:
    """An embedded stack that nobody else knows, stopped at the end."""
    try:
        yield local_stack.up(stack_home, clickhouse_port=free_port())
    finally:
        local_stack.down(stack_home)


@pytest.fixture(scope="session")
def template(stack: Endpoints) -> str:
    """The Postgres database that platforms are copied from."""
    return add_template(stack)


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest) -> Server | None:
    """The server that the environment names, for modules that can do with any."""
    return Server.given() if request.module.__name__.rpartition(".")[2] in BY_URL else None


@pytest.fixture
def platform(stack: Endpoints, template: str, server: Server | None) -> Iterator[Platform]:
    """Both stores for one test: tables, keys and indexes, no rows."""
    with open_platform(stack, template, server) as made:
        yield made


@pytest.fixture
def console(platform: Platform, stack: Endpoints, tmp_path: Path) -> Iterator[Console]:
    """Commands over the platform, with a Dagster storage that is dropped at the end."""
    with open_console(platform, stack, tmp_path) as made:
        yield made


@pytest.fixture
def served(request: pytest.FixtureRequest, server: Server | None) -> Platform:
    """A platform whose ClickHouse is the server that the environment names."""
    if server is None:
        pytest.skip(f"{URL} is not set: docs/how-to/testing-against-a-server.md")
    made: Platform = request.getfixturevalue("platform")
    return made


@pytest.fixture
def restartable(server: Server | None) -> Server:
    """The server, if it may be killed."""
    if server is None or not server.restart_command:
        pytest.skip(f"{RESTART} is not set: docs/how-to/testing-against-a-server.md")
    return server


@pytest.fixture
def deletes(platform: Platform) -> None:
    """Skip the test where targets are never deleted from."""
    if not platform.deletes:
        pytest.skip(
            "surplus is compensated on replicated targets, not deleted: test_replicated_target"
        )


@pytest.fixture(scope="session")
def demo(stack: Endpoints) -> Iterator[Platform]:
    """Both stores with the demo's sources, legacy tables and live events. Not to be changed."""
    with open_platform(stack) as made:
        seed(made.postgres_url, made.clickhouse_url, scale=DEMO_SCALE, target_table=TARGET)
        yield made


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """An instance that ends with the test."""
    with dg.DagsterInstance.ephemeral() as made:
        yield made
