"""Sessions of the source that stand by between the steps of a run: taken up again, and not for long."""

from __future__ import annotations

import time
from collections.abc import Iterator

import psycopg
import pytest

from metric_assets.sql import load
from metric_assets.stores import postgres_standing
from metric_assets.stores.postgres import Postgres
from metric_assets.stores.postgres_standing import MOST, Standing
from metric_assets_tests.integration.platforms import Platform

pytestmark = pytest.mark.integration


@pytest.fixture
def standing() -> Iterator[Standing]:
    """Nothing stands by yet."""
    standing = Standing()
    yield standing
    standing.end_all()


def read(url: str, standing: Standing, at_once: int = 1) -> None:
    """A step that reads a number of things at once."""
    with Postgres(url, standing=standing) as store:
        readings = [store.read(load("postgres/state"), {"tables": []}, "x") for _ in range(at_once)]
        for reading in readings:
            reading.__enter__()
        for reading in readings:
            reading.__exit__(None, None, None)


def sessions(platform: Platform) -> set[int]:
    """Server processes of our sessions."""
    with psycopg.connect(platform.postgres_url, autocommit=True) as connection:
        found = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name LIKE 'metric_assets:%' AND state = 'idle'"
        ).fetchall()
    return {row[0] for row in found}


@pytest.mark.promise(
    "At most two connections of a run stand by for the next step, idle, and for seconds.",
    when="a step of a run has ended",
    area="protection",
)
def test_the_next_step_takes_a_session_up(platform: Platform, standing: Standing) -> None:
    """It is the same one; of three only two stay."""
    read(platform.postgres_url, standing)
    first = sessions(platform)
    assert len(first) == 1
    read(platform.postgres_url, standing)
    assert sessions(platform) == first
    read(platform.postgres_url, standing, at_once=MOST + 1)
    assert len(sessions(platform)) == MOST


def test_sessions_stand_by_for_a_while_only(
    platform: Platform, standing: Standing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody takes them up, and they are gone."""
    monkeypatch.setattr(postgres_standing, "STANDS", 0.5)
    read(platform.postgres_url, standing, at_once=2)
    assert sessions(platform)
    deadline = time.monotonic() + 20
    while sessions(platform) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert sessions(platform) == set()


def test_a_session_that_was_ended_is_replaced(platform: Platform, standing: Standing) -> None:
    """A restart between two steps is not noticed."""
    read(platform.postgres_url, standing)
    first = sessions(platform)
    with psycopg.connect(platform.postgres_url, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM unnest(%s) pid", [list(first)])
    read(platform.postgres_url, standing)
    assert sessions(platform).isdisjoint(first)


def test_another_url_or_timeout_takes_none(platform: Platform, standing: Standing) -> None:
    """What stands by is for whoever would connect in the same way."""
    read(platform.postgres_url, standing)
    with Postgres(platform.postgres_url, statement_timeout=7, standing=standing) as store:
        store.frame(load("postgres/state"), {"tables": []})
    assert len(sessions(platform)) == MOST
