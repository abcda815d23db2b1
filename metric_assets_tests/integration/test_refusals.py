"""A ClickHouse that refuses: grants that are missing, a target to be read only, a full disk.

The refusals are the engine's own. Its users come from a file that it reads when it starts, so the
tests of grants have a server for themselves, with a database for every grant that is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from metric_assets.catalog import CATALOG
from metric_assets.doctor.grants import examine as examine_grants
from metric_assets.errors import TargetError
from metric_assets.load.loading import Stores
from metric_assets.load.pipeline import materialize
from metric_assets.local import clickhouse as embedded
from metric_assets.local import stack as local_stack
from metric_assets.local.demo_stores import clickhouse, make_target
from metric_assets.local.layout import Layout
from metric_assets.plan import Mode
from metric_assets.stores.clickhouse import ClickHouse
from metric_assets.stores.postgres import Postgres
from metric_assets.stores.target import ClickHouseTarget
from metric_assets_tests.integration.follows import dead_attempt, exact, follows, leftovers, orphan
from metric_assets_tests.integration.local_fixtures import free_port, own_folder
from metric_assets_tests.integration.platforms import (
    CUTOFF,
    IDS,
    TARGET,
    Platform,
    add_template,
    load,
)

pytestmark = pytest.mark.integration

#: What a run takes: on the target, and on its database for private tables.
ON_TARGET = ("SELECT", "INSERT", "ALTER DELETE")
ON_PRIVATE = ("CREATE TABLE", "DROP TABLE", "SELECT", "INSERT", "ALTER DELETE")
#: Database, and the grant that a user lacks there on the target or on private tables.
LACKING = {
    "no_select": ("SELECT", "target"),
    "no_insert": ("INSERT", "target"),
    "no_delete": ("ALTER DELETE", "target"),
    "no_create": ("CREATE TABLE", "private"),
    "no_drop": ("DROP TABLE", "private"),
    "no_private_insert": ("INSERT", "private"),
    "no_private_select": ("SELECT", "private"),
}
ENOUGH = "enough"
#: A database whose target shows our user nothing of user 3: a row policy, as users' files can have.
POLICY = "policy"
#: What the embedded server itself takes to pass rows through pipes.
_EMBEDDED = ("SELECT ON system.*", "FILE ON *.*", "CREATE TEMPORARY TABLE ON *.*")


def statements() -> Iterator[str]:
    """All that a run takes in every database, but for what is left out there."""
    yield from (f"GRANT {given}" for given in _EMBEDDED)
    for database in (ENOUGH, POLICY, *LACKING):
        left_out = LACKING.get(database)
        for grant in ON_PRIVATE:
            if (grant, "private") != left_out:
                yield f"GRANT {grant} ON {database}.*"
        for grant in ON_TARGET:
            if (grant, "target") != left_out:
                yield f"GRANT {grant} ON {database}.{TARGET}"
            else:
                yield f"REVOKE {grant} ON {database}.{TARGET}"


def users() -> str:
    """The users' file of a server whose one user has these grants and no others."""
    queries = "".join(f"<query>{statement}</query>" for statement in statements())
    policy = f"<{POLICY}><{TARGET}><filter>userId != 3</filter></{TARGET}></{POLICY}>"
    return (
        "<clickhouse><profiles><default/></profiles><quotas><default/></quotas><users><default>"
        "<password></password><networks><ip>::/0</ip></networks><profile>default</profile>"
        f"<quota>default</quota><databases>{policy}</databases><grants>{queries}</grants>"
        "</default></users></clickhouse>"
    )


@dataclass
class Guarded:
    """A server of one's own; ``within`` gives the platform of one of its databases."""

    home: Path
    postgres_url: str
    clickhouse_url: str
    restricted: bool = False

    @contextmanager
    def within(self, database: str) -> Iterator[Platform]:
        url = urlunsplit(urlsplit(self.clickhouse_url)._replace(path=f"/{database}"))
        with (
            psycopg.connect(self.postgres_url, autocommit=True) as connection,
            clickhouse(url) as client,
            closing(Platform(self.postgres_url, url, connection, client)) as platform,
        ):
            yield platform

    def restrict(self, restricted: bool) -> None:
        """Start anew with the grants of this module, or with all, unless they are in force."""
        if restricted == self.restricted:
            return
        layout = Layout.of(self.home)
        embedded.stop(layout, lambda _: None)
        merged = self.home / "clickhouse.d"
        merged.mkdir(exist_ok=True)
        (self.home / "users.xml").write_text(users())
        named = f"<users_config>{self.home / 'users.xml'}</users_config>" if restricted else ""
        (merged / "users.xml").write_text(f"<clickhouse>{named}</clickhouse>")
        local_stack.up(self.home)
        self.restricted = restricted


@pytest.fixture(scope="module")
def guarded() -> Iterator[Guarded]:
    """A stack of its own: follows at the source, and in every database a target in which Hidden
    has a gap and a surplus.
    """
    with own_folder() as home, ExitStack() as ending:
        endpoints = local_stack.up(home, clickhouse_port=free_port())
        ending.callback(local_stack.down, home)
        source = urlsplit(endpoints.postgres_url)._replace(path=f"/{add_template(endpoints)}")
        made = Guarded(home, urlunsplit(source), endpoints.clickhouse_url)
        with clickhouse(made.clickhouse_url) as server:
            for database in (ENOUGH, POLICY, *LACKING):
                server.command(f"CREATE DATABASE {database}")
        with made.within(ENOUGH) as platform:
            make_target(platform.clickhouse, TARGET)
            follows(platform)
            load(platform, "User/Hidden")
            platform.command(f"INSERT INTO {TARGET} SELECT * FROM {TARGET} WHERE userId < 99")
            platform.command(f"DELETE FROM {TARGET} WHERE userId BETWEEN 100 AND 300")
            for database in (POLICY, *LACKING):
                there = f"{database}.{TARGET}"
                platform.command(f"CREATE TABLE {there} AS {TARGET}")
                platform.command(f"INSERT INTO {there} SELECT * FROM {TARGET}")
        yield made


@pytest.mark.promise(
    "An error that is not retried names grant and table, when publishing and when repairing; `doctor` names it beforehand, with the GRANT.",
    when="any grant is missing",
    area="refusals",
)
@pytest.mark.parametrize("database", LACKING)
def test_a_missing_grant_is_named(guarded: Guarded, database: str) -> None:
    """Whichever grant is missing, and whether events are attached or repaired: an error that is
    not retried names grant and table, `doctor` names it before, and nothing is left but what only
    the missing grant could clear away.
    """
    guarded.restrict(True)
    grant, _ = LACKING[database]
    with guarded.within(database) as platform:
        with ClickHouse(platform.clickhouse_url) as store:
            (finding, *_) = examine_grants(store, TARGET, Mode.REPLACE)
        assert finding.status == "failed"
        assert f"GRANT {grant} ON {database}." in finding.advice
        before = platform.checksum() if grant != "SELECT" else None
        for key in ("User/Follower", "User/Hidden"):
            with pytest.raises(TargetError) as refused:
                load(platform, key)
            said = str(refused.value)
            assert not refused.value.transient
            assert "ACCESS_DENIED" in said
            assert grant in said
            assert f"{database}.{TARGET}" in said
            assert "`metric-assets doctor` lists all that a run takes" in said
        if grant in ("CREATE TABLE", "INSERT"):
            assert platform.checksum() == before
        if grant != "DROP TABLE":
            assert leftovers(platform) == []


@pytest.mark.promise(
    "A user with these loads, repairs and cleans up orphans.",
    when="only the grants that `doctor` lists",
    area="refusals",
)
def test_the_grants_that_doctor_lists_are_enough(guarded: Guarded) -> None:
    """A user with these and no others loads, repairs, and clears a dead attempt away, statement,
    table and all: ending one's own statements takes no grant.
    """
    guarded.restrict(True)
    with guarded.within(ENOUGH) as platform, ClickHouse(platform.clickhouse_url) as store:
        findings = list(examine_grants(store, TARGET, Mode.REPLACE))
        assert {finding.status for finding in findings} == {"ok", "remark"}
        with dead_attempt(platform) as (names, owner):
            orphan(
                platform,
                f"INSERT INTO {names['target']} SELECT 'User', number % 100, 5, 'Follower', 1,"
                " toDateTime64('2024-02-02', 3, 'UTC') FROM numbers(100000)"
                " WHERE NOT sleepEachRow(0.001)",
                owner,
            )
            (load_result,) = load(platform, "User/Follower", max_removed_share=1.0)
        assert {name.split()[0] for name in load_result.cleaned_up} == {"insert", "table"}
        load(platform, "User/Hidden")
        assert exact(platform)
        assert exact(platform, "Hidden")
        assert leftovers(platform) == []


@pytest.mark.promise(
    "Refused: they would be inserted again.",
    when="a row policy hides rows of the target",
    area="targets",
)
def test_a_row_policy_on_the_target_is_refused(guarded: Guarded) -> None:
    """What it hides would be found missing and inserted again: refused before the first row."""
    guarded.restrict(True)
    with guarded.within(POLICY) as platform:
        with pytest.raises(TargetError, match=f"{TARGET}: a row policy hides rows"):
            load(platform, "User/Follower")
        assert platform.query(f"SELECT count() FROM {TARGET} WHERE metricType = 'Follower'") == [
            (0,)
        ]
        assert leftovers(platform) == []


@pytest.mark.promise(
    "The next load is exact and cleans up.", when="the missing grant is given", area="refusals"
)
def test_once_granted_one_more_load_is_exact(guarded: Guarded) -> None:
    """Whatever the missing grant cut short: with it, the next load ends exact and clears up."""
    guarded.restrict(False)
    for database in LACKING:
        with guarded.within(database) as platform:
            load(platform, ["User/Follower", "User/Hidden"])
            assert exact(platform), database
            assert exact(platform, "Hidden"), database
            assert leftovers(platform) == [], database


class Asking(ClickHouse):
    """A store that asks the server for a setting besides at one step, so that it refuses that."""

    def __init__(self, url: str, step: str, setting: dict[str, int]) -> None:
        super().__init__(url)
        self.step, self.setting, self.asked = step, setting, 0

    def run(self, statement: Any, binds: Any, owner: str, **settings: object) -> None:
        at = statement.name == f"clickhouse/{self.step}"
        self.asked += at
        super().run(statement, binds, owner, **settings, **(self.setting if at else {}))

    def insert(self, table: str, frame: Any, owner: str) -> None:
        if self.step == "insert":
            self.asked += 1
            with pytest.MonkeyPatch.context() as patch:
                usual = self._settings(owner)
                patch.setattr(self, "_settings", lambda _: {**usual, **self.setting})
                super().insert(table, frame, owner)
        else:
            super().insert(table, frame, owner)


SCAN = CATALOG.scan["User/Follower"]
READ_ONLY = {"readonly": 1}
FULL = {"min_free_disk_bytes_to_perform_insert": 10**18}
#: Steps, in an empty scope and in one with a gap and a surplus, and what the server answers.
REFUSED = [
    ("stage", READ_ONLY, "READONLY"),
    ("stage_unsorted", READ_ONLY, "READONLY"),
    ("insert", READ_ONLY, "READONLY"),
    ("attach", READ_ONLY, "READONLY"),
    ("insert_missing", READ_ONLY, "READONLY"),
    ("remove", READ_ONLY, "READONLY"),
    ("insert", FULL, "NOT_ENOUGH_SPACE"),
    ("difference", FULL, "NOT_ENOUGH_SPACE"),
    ("insert_missing", FULL, "NOT_ENOUGH_SPACE"),
    ("surplus", FULL, "NOT_ENOUGH_SPACE"),
]


@pytest.mark.promise(
    "An error that is not retried; the target is as it was or has what was missing, nothing is left, the next load is exact.",
    when="a read-only target, a full disk, from whichever step on",
    area="refusals",
)
def test_a_refusal_at_any_step(platform: Platform) -> None:
    """Read-only, or without space, from whichever step on: an error that is not retried says so,
    the target is as it was or has got what was missing, nothing is left, and the next load is
    exact.
    """
    follows(platform)
    load(platform, "User/Follower")
    for step, setting, said in REFUSED:
        cure = {"READONLY": "may only read", "NOT_ENOUGH_SPACE": "disk is full"}[said]
        if step in ("stage", "attach"):
            platform.command(f"TRUNCATE TABLE {TARGET}")
        else:
            platform.command(f"INSERT INTO {TARGET} SELECT * FROM {TARGET} WHERE userId < 99")
            platform.command(f"DELETE FROM {TARGET} WHERE userId BETWEEN 100 AND 300")
        before = platform.checksum()
        store = Asking(platform.clickhouse_url, step, setting)
        with Postgres(platform.postgres_url) as source, store:
            stores = Stores(source, ClickHouseTarget(store, TARGET), source)
            with pytest.raises(TargetError, match=said) as refused:
                materialize(SCAN, [CATALOG.pairs["User/Follower"]], IDS, CUTOFF, stores)
        assert store.asked, step
        assert not refused.value.transient
        assert TARGET in str(refused.value)
        assert cure in str(refused.value)
        if step not in ("remove", "surplus"):
            assert platform.checksum() == before, step
        assert leftovers(platform) == [], step
        load(platform, "User/Follower")
        assert exact(platform), step
