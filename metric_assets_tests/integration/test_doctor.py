from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import polars as pl
import pytest
from click.testing import CliRunner

from metric_assets import settings as names
from metric_assets.audit.coverage import survey
from metric_assets.catalog import CATALOG
from metric_assets.cli import cli
from metric_assets.doctor import Finding, engine, examine, exit_code, live, live_keys, scans, source
from metric_assets.doctor.findings import CLICKHOUSE, DAGSTER, POSTGRES
from metric_assets.doctor.grids import judge as judge_ids
from metric_assets.errors import UnavailableError
from metric_assets.local.stack import Endpoints
from metric_assets.ranges import Grid
from metric_assets.settings import Settings
from metric_assets.sql import Statement
from metric_assets_tests.documents import hold
from metric_assets_tests.fakes import FakeRows
from metric_assets_tests.integration.platforms import TARGET, Platform

pytestmark = pytest.mark.integration

CUTOFF = datetime(2025, 10, 1, tzinfo=timezone.utc)
SECRET = "s3cret%40w%2Frd"  # noqa: S105 - made up for the test
NOWHERE = {
    names.POSTGRES_URL: f"postgresql://me:{SECRET}@127.0.0.1:1/x",
    names.CLICKHOUSE_URL: f"http://me:{SECRET}@127.0.0.1:1/x",
    names.DAGSTER_POSTGRES_URL: f"postgresql+psycopg2://me:{SECRET}@127.0.0.1:1/x",
}
Examine = Callable[..., list[Finding]]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings that fit an empty or small platform."""
    grids = {name: Grid(1_000_000, 1_000_000) for name in CATALOG.entity}
    return Settings(home=tmp_path, cutoff=CUTOFF, grids=grids)


@pytest.fixture
def doctor(platform: Platform, stack: Endpoints, settings: Settings) -> Examine:
    """Examines the test's own platform; options are settings, or those of examine()."""

    def run(*, create_target: bool = False, **changes: object) -> list[Finding]:
        changed = settings.model_copy(update=changes)
        return examine(changed, create_target=create_target, environ=urls(platform, stack))

    return run


def urls(platform: Platform, stack: Endpoints) -> dict[str, str]:
    """The environment in which a platform is the one that is set."""
    return {
        names.POSTGRES_URL: platform.postgres_url,
        names.CLICKHOUSE_URL: platform.clickhouse_url,
        names.DAGSTER_POSTGRES_URL: stack.dagster_postgres_url.replace("://", "+psycopg2://", 1),
    }


def of(findings: list[Finding], subject: str) -> Finding:
    """The one finding about a subject."""
    found = [finding for finding in findings if finding.subject == subject]
    assert len(found) == 1, [finding.subject for finding in findings]
    return found[0]


def failed(findings: list[Finding]) -> dict[str, str]:
    """What failed: subject and what was found."""
    return {finding.subject: finding.found for finding in findings if finding.status == "failed"}


def command(environ: Mapping[str, str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of `metric-assets doctor`."""
    done = CliRunner().invoke(cli, ["doctor", *arguments], env=dict(environ))
    return done.exit_code, done.stdout, done.stderr


def test_the_demo_is_fit_to_be_loaded(demo: Platform, stack: Endpoints, settings: Settings) -> None:
    """Nothing fails on the seeded demo; what is remarked are the indexes its schema lacks."""
    image = datetime(2024, 8, 7, 15, 44, 39, 44_000, tzinfo=timezone.utc)
    given = settings.model_copy(update={"cutoffs": {"Image": image}})
    findings = examine(given, environ=urls(demo, stack))
    assert failed(findings) == {}
    assert exit_code(findings) == 0
    remarks = {f.subject: f for f in findings if f.status == "remark"}
    lacking = {f"sql/{scan.name}.sql": scan for scan in CATALOG.scans if scan.index}
    assert set(remarks) == set(lacking)
    for subject, scan in lacking.items():
        assert scan.index is not None
        assert scan.index in remarks[subject].advice
        assert scan.cost in remarks[subject].found
    assert {f"sql/{scan.name}.sql" for scan in CATALOG.scans} <= {f.subject for f in findings}


def test_what_is_told_of_servers_that_are_fit(doctor: Examine) -> None:
    """Versions, time zones, the session's bounds, free connections, what our statements switch
    off, grants, and what a full backfill reads, each in a finding of its own.
    """
    findings = doctor()
    told = {
        "Postgres: session": r"PostgreSQL \d+.*read-only on, repeatable read, time zone UTC"
        r".*statement_timeout 1800 s",
        "Postgres: role": "primary",
        "Postgres: connections": r"\d+ of \d+ connections are free",
        "Postgres: tables": r"(\d+) of \1 source and legacy tables are there: about [\d,]+ rows,"
        r" \d+ [kM]?B",
        "Postgres: full backfill": r"about [\d,]+ rows \(\d+ [kM]?B\) in \d+ readings",
        "ClickHouse: connection": r"ClickHouse \d+\.\d+",
        "ClickHouse: server": r"user default, database (platform|metric_assets_test)_\w+, time zone \w+",
        "ClickHouse: settings": r"async_insert=0.*deduplicate_insert=disable",
        f"Target {TARGET}: layout": r"MergeTree, partitioned by entityType.*replace",
        f"Target {TARGET}: storage": "0 events, 0 B; without a log of inserted blocks",
        f"Target {TARGET}: privileges": "SELECT, INSERT, ALTER DELETE on .* CREATE TABLE, DROP TABLE",
        f"Target {TARGET}: ending deletes": "ALTER UPDATE",
        f"Target {TARGET}: system tables": "processes, mutations",
    }
    for subject, words in told.items():
        assert re.search(words, of(findings, subject).found), of(findings, subject)
    assert all(finding.advice for finding in findings if finding.status != "ok")


class Answers:
    """A store that answers statements of doctor's by name; what ours cannot be made to say."""

    def __init__(self, **rows: list[dict[str, object]]) -> None:
        self._rows = rows

    def frame(self, statement: Statement, binds: object) -> pl.DataFrame:
        del binds
        return pl.DataFrame(self._rows[statement.name.removeprefix("doctor/")])


SESSION = {
    "version": "16.4", "readOnly": "on", "isolation": "repeatable read", "zone": "UTC",
    "timeoutMilliseconds": 1_800_000, "replica": False, "feedback": "off",
    "delayMilliseconds": 30_000, "connections": 97, "taken": 3, "roleLimit": -1, "role": "reader",
}  # fmt: skip


@pytest.mark.parametrize(
    ("said", "subject", "status", "advice"),
    [
        ({"readOnly": "off"}, "Postgres: session", "failed", "pooler"),
        ({"isolation": "read committed"}, "Postgres: session", "failed", "pooler"),
        ({"zone": "Europe/Paris"}, "Postgres: session", "failed", "pooler"),
        ({"timeoutMilliseconds": 0}, "Postgres: session", "failed", "pooler"),
        ({"replica": True}, "Postgres: role", "remark", "hot_standby_feedback"),
        ({"replica": True, "feedback": "on"}, "Postgres: role", "ok", ""),
        ({"taken": 90}, "Postgres: connections", "remark", "max_concurrent_runs"),
    ],
)
def test_a_postgres_that_is_not_as_asked(
    settings: Settings, said: dict[str, object], subject: str, status: str, advice: str
) -> None:
    """Options that a pooler dropped, a replica that ends readings, no free connections: told, with a remedy."""
    store: Any = Answers(postgres_server=[{**SESSION, **said}])
    finding = of(list(source.examine_server(store, settings)), subject)
    assert (finding.status, advice in finding.advice) == (status, True), finding


def test_a_clickhouse_that_is_not_as_asked() -> None:
    """Days of another zone are remarked; settings that the profile fixes fail."""
    store: Any = Answers(
        clickhouse_server=[
            {"version": "24.8", "user": "u", "database": "d", "zone": "Europe/Paris"}
        ],
        clickhouse_settings=[{"name": "async_insert", "value": "1", "fixed": True}],
    )
    zone, fixed = engine.examine_server(store, CATALOG)
    assert (zone.status, "days of that zone" in zone.found) == ("remark", True)
    assert (fixed.status, "async_insert" in fixed.found) == ("failed", True)


class Refusing(Answers):
    """A store whose driver sends nothing, because the server says that a setting is fixed."""

    client = SimpleNamespace(
        server_settings={
            "async_insert": SimpleNamespace(readonly=1),
            "mutations_sync": SimpleNamespace(readonly=0),
        }
    )

    def frame(self, statement: Statement, binds: object) -> pl.DataFrame:
        del binds
        raise UnavailableError(f"{statement.name}: Setting async_insert is readonly")


def test_a_profile_that_fixes_what_our_statements_set() -> None:
    """The driver refuses before the server is asked: what is fixed is named all the same."""
    store: Any = Refusing()
    (finding,) = engine.examine_server(store, CATALOG)
    assert (finding.subject, finding.status) == ("ClickHouse: settings", "failed")
    assert finding.found.endswith("forbids to change async_insert")
    assert finding.advice


def test_looking_writes_nothing(platform: Platform, doctor: Examine) -> None:
    """No table is made or changed in either store, not even the mirror of versions."""
    tables = "SELECT name, total_rows FROM system.tables WHERE database = currentDatabase()"
    before = platform.query(tables + " ORDER BY name")
    doctor()
    assert platform.query(tables + " ORDER BY name") == before


@pytest.mark.promise(
    "`doctor` names table, column and statement.",
    when="a changed source, before the first row",
    area="drift",
)
@pytest.mark.parametrize(
    ("change", "subject", "said"),
    [
        ('ALTER TABLE "TagEngagement" DROP COLUMN type', "sql/tag/engaged.sql", "type"),
        ('DROP TABLE "ImageReaction"', 'Postgres: "ImageReaction"', "no such table"),
        (
            'ALTER TABLE "TagMetric" DROP COLUMN "hiddenCount"',
            "Tag/Hidden: legacy",
            "legacy table TagMetric has no column hiddenCount",
        ),
        (
            'ALTER TABLE "TagMetric" ALTER COLUMN "hiddenCount" DROP DEFAULT,'
            ' ALTER COLUMN "hiddenCount" TYPE boolean USING false',
            "Tag/Hidden: legacy",
            "TagMetric.hiddenCount is Boolean, expected a number",
        ),
        (
            'ALTER TABLE "TagMetric" RENAME COLUMN "tagId" TO "id"',
            "Tag/Follower: legacy",
            "legacy table TagMetric has no column tagId (legacy_id of Tag)",
        ),
        (
            'ALTER TABLE "BountyEntry" RENAME COLUMN id TO key',
            "BountyEntry: ids",
            "id does not exist",
        ),
        (
            'ALTER TABLE "ResourceReview" ALTER COLUMN recommended DROP DEFAULT,'
            " ALTER COLUMN recommended TYPE text",
            "sql/modelversion/reviews.sql",
            "recommended",
        ),
        (
            'ALTER TABLE "TagEngagement" ALTER COLUMN "createdAt" TYPE text',
            "sql/tag/engaged.sql",
            "createdAt",
        ),
    ],
)
def test_a_source_that_changed_is_named(
    platform: Platform, doctor: Examine, change: str, subject: str, said: str
) -> None:
    """A missing table, column or another type fails the statement that needs it, by name."""
    platform.run(change)
    assert said in failed(doctor())[subject]


def test_a_role_without_privileges(
    platform: Platform, stack: Endpoints, settings: Settings
) -> None:
    """A table that may not be read and one whose rows are hidden fail; the GRANT is spelled out."""
    role = "reader_" + urlsplit(platform.postgres_url).path.rpartition("_")[2]
    platform.run(
        f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 5;"
        f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role};"
        f'REVOKE SELECT ON "ArticleEngagement" FROM {role};'
        'ALTER TABLE "Tag" ENABLE ROW LEVEL SECURITY'
    )
    given = urls(platform, stack)
    given[names.POSTGRES_URL] = platform.postgres_url.replace("metric_assets@", f"{role}@", 1)
    try:
        findings = examine(settings, environ=given)
    finally:
        platform.run(f"DROP OWNED BY {role}; DROP ROLE {role}")
    assert "may not be read" in failed(findings)['Postgres: "ArticleEngagement"']
    # One cause, one finding: the statement that reads the table would only say it again.
    assert "sql/article/hidden.sql" not in failed(findings)
    assert "row security" in failed(findings)['Postgres: "Tag"']
    assert of(findings, 'Postgres: "ArticleEngagement"').advice.startswith("GRANT SELECT ON")
    assert of(findings, "Postgres: connections").status == "remark"


@pytest.mark.parametrize(
    ("change", "found", "advice"),
    [
        ("REVOKE USAGE ON SCHEMA public FROM PUBLIC", "may not use schema public", "GRANT USAGE"),
        (
            "ALTER SCHEMA public RENAME TO platform; CREATE SCHEMA public;"
            "GRANT USAGE ON SCHEMA platform, public TO PUBLIC",
            "in schema platform, which is not in the search path",
            "SET search_path",
        ),
        ("DROP SCHEMA public CASCADE", "none of the", "Check the database"),
    ],
)
def test_one_cause_is_one_finding(
    platform: Platform,
    stack: Endpoints,
    settings: Settings,
    change: str,
    found: str,
    advice: str,
) -> None:
    """What keeps every table out of reach is told once, with what to do, not once a statement."""
    role = "reader_" + urlsplit(platform.postgres_url).path.rpartition("_")[2]
    platform.run(
        f"CREATE ROLE {role} LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}; {change}"
    )
    given = urls(platform, stack)
    given[names.POSTGRES_URL] = platform.postgres_url.replace("metric_assets@", f"{role}@", 1)
    try:
        findings = examine(settings, environ=given)
    finally:
        platform.run(f"DROP OWNED BY {role}; DROP ROLE {role}")
    wrong = {name: text for name, text in failed(findings).items() if "Target" not in name}
    assert list(wrong) == ["Postgres: access"]
    assert found in wrong["Postgres: access"]
    assert advice in of(findings, "Postgres: access").advice


def test_tables_with_the_same_fault_are_one_finding(
    platform: Platform, stack: Endpoints, settings: Settings
) -> None:
    """A role that may read nothing gets every GRANT in one finding, and nothing said twice."""
    role = "reader_" + urlsplit(platform.postgres_url).path.rpartition("_")[2]
    platform.run(f"CREATE ROLE {role} LOGIN")
    given = urls(platform, stack)
    given[names.POSTGRES_URL] = platform.postgres_url.replace("metric_assets@", f"{role}@", 1)
    try:
        findings = examine(settings, environ=given)
    finally:
        platform.run(f"DROP OWNED BY {role}; DROP ROLE {role}")
    told = [f for f in findings if f.status == "failed" and "may not be read" in f.found]
    assert len(told) == 1
    assert '"ArticleEngagement"' in told[0].found
    assert 'GRANT SELECT ON "ArticleEngagement"' in told[0].advice
    assert not any("permission denied" in f.found for f in findings if f.subject.startswith("sql/"))


@pytest.mark.parametrize(
    ("index", "status"),
    [
        ('CREATE INDEX ON "CollectionItem" ("postId")', "ok"),
        ('CREATE INDEX ON "CollectionItem" ("postId", id) WHERE "postId" IS NOT NULL', "ok"),
        ('CREATE INDEX ON "CollectionItem" ("postId") WHERE status = \'ACCEPTED\'', "remark"),
        ('CREATE INDEX ON "CollectionItem" (id, "postId")', "remark"),
        ('CREATE INDEX ON "CollectionItem" USING hash ("postId")', "remark"),
    ],
)
def test_an_index_that_serves_is_known(
    platform: Platform, doctor: Examine, index: str, status: str
) -> None:
    """Any valid btree that begins with the column will do, also one that leaves out NULL only."""
    platform.run(index)
    assert of(doctor(), "sql/post/collected.sql").status == status


def test_an_invalid_index_does_not_serve(platform: Platform, doctor: Examine) -> None:
    """What CONCURRENTLY left behind when it failed is named, as it has to go first."""
    platform.run('CREATE INDEX half ON "CollectionItem" ("postId")')
    platform.run("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'half'::regclass")
    finding = of(doctor(), "sql/post/collected.sql")
    assert finding.status == "remark"
    assert "half is invalid" in finding.found


def test_a_large_table_read_from_end_to_end(
    platform: Platform, doctor: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sequential scan of a large table in a typical range is remarked, with its table."""
    platform.run(
        'INSERT INTO "BountyBenefactor" SELECT (jsonb_populate_record(NULL::"BountyBenefactor",'
        " jsonb_build_object('bountyId', n, 'userId', n, 'unitAmount', 1, 'currency',"
        " 'BUZZ', 'createdAt', '2024-01-01', 'updatedAt', '2024-01-01'))).*"
        " FROM generate_series(1, 50) n"
    )
    platform.run("ANALYZE")
    assert of(doctor(), "sql/bountyentry/awards.sql").status == "ok"
    monkeypatch.setattr(scans, "LARGE", 10)
    finding = of(doctor(), "sql/bountyentry/awards.sql")
    assert finding.status == "remark"
    assert "reads BountyBenefactor from end to end" in finding.found


@pytest.mark.promise(
    "`doctor` names table, column and statement.",
    when="a changed ClickHouse source, before the first row",
    area="drift",
)
@pytest.mark.parametrize(
    ("change", "subject", "said"),
    [
        ("DROP TABLE reactions", "sql/user/reactions.sql", "reactions"),
        (
            "ALTER TABLE daily_user_resource DROP COLUMN userId",
            "sql/model/generations.sql",
            "userId",
        ),
        (
            "ALTER TABLE entityMetricEvents DROP COLUMN userId",
            f"Target {TARGET}",
            "userId is absent",
        ),
    ],
)
def test_a_clickhouse_that_changed_is_named(
    platform: Platform, doctor: Examine, change: str, subject: str, said: str
) -> None:
    """A missing source table or column fails the scan that reads it; so does the target's."""
    platform.command(change)
    assert said in failed(doctor())[subject]


def test_the_target_is_made_only_when_asked_for(platform: Platform, doctor: Examine) -> None:
    """Absent is a failure that names the option; with it the table is there and fits."""
    platform.command(f"DROP TABLE {TARGET} SYNC")
    assert "--create-target" in of(doctor(), f"Target {TARGET}").advice
    assert platform.query(f"EXISTS TABLE {TARGET}") == [(0,)]
    findings = doctor(create_target=True)
    assert of(findings, f"Target {TARGET}").status == "ok"
    assert of(findings, f"Target {TARGET}: layout").status == "ok"
    assert platform.query(f"EXISTS TABLE {TARGET}") == [(1,)]


COLUMNS = (
    "entityType LowCardinality(String), entityId Int32, userId Int32,"
    " metricType LowCardinality(String), metricValue Int32, createdAt "
)


@pytest.mark.promise(
    "`doctor` fails and says what is needed.",
    when="an engine that loses rows, a TTL, a missing column",
    area="targets",
)
@pytest.mark.parametrize(
    ("table", "about", "status", "said"),
    [
        (
            "DateTime64(3)) ENGINE MergeTree ORDER BY (entityType, entityId)",
            "layout",
            "ok",
            "replace",
        ),
        (
            "DateTime64(3)) ENGINE MergeTree ORDER BY createdAt",
            "layout",
            "remark",
            "sorted by created",
        ),
        (
            "DateTime64(3)) ENGINE ReplacingMergeTree ORDER BY (entityType, entityId)",
            "",
            "failed",
            "ReplacingMergeTree",
        ),
        (
            "DateTime64(3)) ENGINE MergeTree ORDER BY entityType"
            " SETTINGS non_replicated_deduplication_window = 100",
            "storage",
            "ok",
            "with a log of inserted blocks",
        ),
        (
            "DateTime) ENGINE MergeTree ORDER BY entityType TTL createdAt + INTERVAL 1 YEAR",
            "",
            "failed",
            "TTL",
        ),
        ("DateTime) ENGINE MergeTree ORDER BY entityType", "createdAt", "failed", "whole seconds"),
    ],
)
def test_what_the_target_is_made_of(
    platform: Platform, doctor: Examine, table: str, about: str, status: str, said: str
) -> None:
    """Engines that lose rows, expiry and coarse times fail; a slow order is remarked."""
    platform.command(f"CREATE TABLE other ({COLUMNS}{table}")
    findings = doctor(target_table="other", cutoff=CUTOFF + timedelta(milliseconds=1))
    finding = of(findings, f"Target other: {about}" if about else "Target other")
    assert (finding.status, said in finding.found) == (status, True), finding


def test_views_are_named(platform: Platform, doctor: Examine) -> None:
    """A materialized view on the target means append, and replace is refused."""
    platform.command(
        "CREATE TABLE sums (entityId Int32, n Int64) ENGINE MergeTree ORDER BY entityId"
    )
    platform.command(
        f"CREATE MATERIALIZED VIEW onlooker TO sums AS SELECT entityId, count() AS n FROM {TARGET}"
        " GROUP BY entityId"
    )
    layout = of(doctor(), f"Target {TARGET}: layout")
    assert "mode append" in layout.found
    assert "onlooker" in layout.found
    assert "onlooker" in failed(doctor(mode="replace"))[f"Target {TARGET}"]


def test_leftovers_of_dead_attempts_are_named(platform: Platform, doctor: Examine) -> None:
    """Private tables under our name are listed; the mirror of versions is none of them."""
    assert of(doctor(), f"Target {TARGET}: leftovers").status == "ok"
    owner = "metric_assets {}"
    platform.command(f"CREATE TABLE {TARGET}__stage_1 AS {TARGET} COMMENT '{owner}'")
    columns = "(id Int32, modelId Int32) ENGINE MergeTree ORDER BY id"
    platform.command(f"CREATE TABLE {TARGET}__versions {columns}")
    platform.command(f"CREATE TABLE {TARGET}__versions_{'0' * 16} {columns}")
    finding = of(doctor(), f"Target {TARGET}: leftovers")
    assert finding.status == "remark"
    assert sorted(finding.found.split(", ")) == [
        f"table {TARGET}__stage_1",
        f"table {TARGET}__versions_{'0' * 16}",
    ]


def test_cutoff_and_live_stream(platform: Platform, doctor: Examine) -> None:
    """Events below the cutoff are counted, the gap above it is measured, other names are named."""
    platform.command(
        f"INSERT INTO {TARGET} VALUES"
        " ('Tag', 1, 1, 'Follower', 1, '2025-09-30 23:59:59.999'),"
        " ('Tag', 1, 1, 'Hidden', 1, '2025-10-03 12:00:00'),"
        " ('Tag', 1, 1, 'Hide', 1, '2025-10-01 00:00:00'),"
        " ('User', 1, 1, 'Hidden', 1, '2025-10-01 23:00:00')"
    )
    findings = doctor()
    assert of(findings, "Tag: events before the cutoff").found.startswith(
        "1 since 2025-09-30T23:59"
    )
    gap = of(findings, "Tag: live events")
    assert (gap.status, "2.5 days after" in gap.found) == ("remark", True)
    assert "2025-10-03T12:00:00" in gap.advice
    other = of(findings, "Tag: other events")
    assert (other.status, "Hide (0 before" in other.found) == ("remark", True)
    user = of(findings, "User: live events")
    assert (user.status, "none of Following, Follower" in user.found) == ("ok", True)
    assert of(findings, "Post: live events").status == "remark"
    assert failed(findings) == {}


def _follows(platform: Platform, *, shift: int = 0, taken_back_at: str = "2025-11-02") -> None:
    """40 follows of one tag after the cutoff; events are by users that are ``shift`` higher. 30 more
    were taken back.
    """
    platform.run(
        'INSERT INTO "TagEngagement" ("userId", "tagId", type, "createdAt")'
        " SELECT n, 1, 'Follow', '2025-11-01' FROM generate_series(1, 40) AS n"
    )
    for value, first, rows, at in (
        (1, 1, 70, "2025-11-01"),
        (-1, 41, 30, taken_back_at),
    ):
        platform.command(
            f"INSERT INTO {TARGET} SELECT 'Tag', 1, number + {first + shift}, 'Follower', {value},"
            f" '{at} 00:00:00' FROM numbers({rows})"
        )


def test_live_keys_that_fit(platform: Platform, doctor: Examine) -> None:
    """All 40 users are found; no -1 bears the time of its +1."""
    _follows(platform)
    found = of(doctor(), "sql/tag/engaged.sql: live keys")
    assert (found.status, found.found) == (
        "ok",
        "of rows after the cutoff, found among live events: Follower 100.0% of 40 by user, 100.0% by"
        " entity, 0 of 30 -1 at the time of their +1",
    )


@pytest.mark.promise(
    "`doctor` advises a key by entity.",
    when="live events name other users than the source",
    area="counter",
)
def test_live_events_of_other_users(platform: Platform, doctor: Examine) -> None:
    """Rows and events name the same tag, but other users: an entity key is advised."""
    _follows(platform, shift=1000)
    found = of(doctor(), "Tag/Follower: live key")
    assert (found.status, "LiveKey.ENTITY" in found.advice) == ("remark", True)
    assert "of 40 keys after the cutoff live events have 0% by user, 100% by entity" in found.found


@pytest.mark.promise(
    "`doctor` advises absorb.",
    when="live events are dated by the birth of their row",
    area="counter",
)
def test_live_events_dated_by_their_row(platform: Platform, doctor: Examine) -> None:
    """Every -1 is dated by the birth of its row: absorbing is advised."""
    _follows(platform, taken_back_at="2025-11-01")
    found = of(doctor(), "Tag/Follower: live dates")
    assert (found.status, "Live.ABSORB" in found.advice) == ("remark", True)
    assert "of 30 users with a +1 and a -1, 30 have both at the same time" in found.found


@pytest.mark.parametrize(
    ("bounds", "why"),
    [
        ({"rows": 39}, "ids 1 to 1 have more than 39 rows"),
        ({"keys": 70}, "ids 1 to 1 have 70 keys of live events or more"),
        ({"postgres": None}, "Postgres cannot be reached"),
    ],
)
def test_samples_are_bounded(
    platform: Platform,
    stack: Endpoints,
    settings: Settings,
    bounds: dict[str, Any],
    why: str,
) -> None:
    """Of more rows or keys than are looked at nothing is said; no reading is left open."""
    _follows(platform)
    with live_keys.sampling(urls(platform, stack), settings, postgres=True) as sampling:
        sample = replace(sampling, **bounds)
        (found,) = sample.examine({"Tag": ["Follower", "Hide"]}, {}, lambda _what: None)
        assert (found.status, found.found) == ("ok", f"not measured: {why}")
        (again,) = sampling.examine({"Tag": ["Follower"]}, {}, lambda _what: None)
        assert again.found.startswith("of rows after the cutoff")


def test_live_keys_that_cannot_be_measured(platform: Platform, doctor: Examine) -> None:
    """A scan through the mirror of ModelVersion, which was never made: said, and no failure."""
    platform.command(
        f"INSERT INTO {TARGET} VALUES ('Model', 1, 1, 'Generation', 5, '2025-11-01 12:00:00')"
    )
    findings = doctor()
    found = of(findings, "sql/model/generations.sql: live keys")
    assert (found.status, found.found) == (
        "ok",
        "not measured: entityMetricEvents__versions is made by the first load",
    )
    assert failed(findings) == {}


def test_no_events_at_all() -> None:
    """An entity the target knows nothing of has no live stream yet: worth a remark, no more."""
    schema = {"metric": pl.String, "before": pl.Int64, "live": pl.Int64}
    (finding,) = live.judge("Tag", ["Follower"], CUTOFF, pl.DataFrame(schema=schema))
    assert (finding.subject, finding.status) == ("Tag: live events", "remark")


@pytest.mark.parametrize(
    ("highest", "grid", "status"),
    [
        (99, Grid(10, 100), "ok"),
        (100, Grid(10, 100), "failed"),
        (4_009, Grid(10, 4_010), "remark"),
        (9, Grid(10, 100), "remark"),
        (None, Grid(10, 100), "remark"),
    ],
)
def test_ids_against_the_grid(highest: int | None, grid: Grid, status: str) -> None:
    """Beyond the grid fails; too many partitions, empty ones and no ids are remarked."""
    made = {"Tag": {} if highest is None else {highest: False}}
    found = survey(CATALOG.entity["Tag"], grid, CUTOFF, FakeRows(made=made))
    assert judge_ids(found, default=False).status == status


def test_ids_beyond_the_grid_are_found(platform: Platform, doctor: Examine) -> None:
    """The highest id is the one at the cutoff: later ones do not count."""
    platform.add("Tag", id=5, name="a", createdAt="2024-01-01")
    platform.add("Tag", id=5_000_000, name="b", createdAt="2025-10-02")
    assert "highest id 5 " in of(doctor(), "Tag: ids").found
    platform.add("Tag", id=4_000_000, name="c", createdAt="2024-01-01")
    assert "ranges Tag --sync" in of(doctor(), "Tag: ids").advice
    assert list(failed(doctor())) == ["Tag: ids"]


def test_cutoffs(doctor: Examine) -> None:
    """Missing and future ones fail; the rest is examined all the same."""
    findings = doctor(cutoff=None, cutoffs={"Tag": datetime(2999, 1, 1, tzinfo=timezone.utc)})
    found = [f.found for f in findings if f.subject == "Settings: cutoffs" and f.status == "failed"]
    assert len(found) == 2
    assert "none for User, Model" in found[0]
    assert "Tag: 2999-01-01" in found[1]
    assert of(findings, "sql/image/reactions.sql").status == "ok"


@pytest.mark.promise(
    "`doctor` advises a midnight for Model and ModelVersion.",
    when="a cutoff inside a day",
    area="settings",
)
def test_a_cutoff_inside_a_day(doctor: Examine) -> None:
    """Tables with a row a day cannot be cut there: Model and ModelVersion are remarked."""
    findings = doctor(cutoff=CUTOFF + timedelta(hours=1))
    remarked = [f for f in findings if f.subject.endswith(": cutoff")]
    assert [f.subject for f in remarked] == ["Model: cutoff", "ModelVersion: cutoff"]
    for finding in remarked:
        assert finding.status == "remark"
        assert "2025-10-01T00:00:00+00:00" in finding.advice
        assert "2025-10-02T00:00:00+00:00" in finding.advice
    whole = doctor(cutoff=CUTOFF)
    assert not [f for f in whole if f.subject.endswith(": cutoff")]


def test_nothing_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 2, one failed finding a store, and no password in any form anywhere."""
    monkeypatch.chdir(tmp_path)
    given = {**NOWHERE, names.HOME: str(tmp_path), names.CUTOFF: "2025-10-01T00:00:00Z"}
    for arguments in (["--json"], [], ["--all"]):
        code, out, err = command(given, *arguments)
        assert code == 2
        for form in (SECRET, "s3cret@w/rd", "s3cret"):
            assert form not in out + err
    document = json.loads(command(given, "--json")[1])
    hold("doctor", document)
    found = document["findings"]
    assert {f["subject"] for f in found if f["status"] == "failed"} == {
        POSTGRES,
        CLICKHOUSE,
        DAGSTER,
    }


@pytest.mark.promise("`doctor` says what is needed.", when="nothing is set", area="settings")
def test_nothing_is_set(tmp_path: Path) -> None:
    """Without any setting three connections and the cutoffs fail, each naming its variable."""
    findings = examine(Settings(home=tmp_path), environ={})
    assert set(failed(findings)) == {POSTGRES, CLICKHOUSE, DAGSTER, "Settings: cutoffs"}
    for name in (names.POSTGRES_URL, names.CLICKHOUSE_URL, names.DAGSTER_POSTGRES_URL):
        assert any(finding.advice == f"Set {name}" for finding in findings)
    assert exit_code(findings) == 2


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://me:{SECRET}@host:port/x",
        f"mysql://me:{SECRET}@host/x",
        f"postgresql://me:{SECRET}@host/x?no_such_option=1",
        f"me:{SECRET}@host",
    ],
)
def test_an_unreadable_url_is_not_repeated(tmp_path: Path, url: str) -> None:
    """What cannot be read may hold a password: it is named, not shown."""
    environ = dict.fromkeys(NOWHERE, url)
    findings = examine(Settings(home=tmp_path, cutoff=CUTOFF), environ=environ)
    assert "s3cret" not in json.dumps([finding.as_dict() for finding in findings])
    assert exit_code(findings) == 2


def test_the_command(
    demo: Platform, stack: Endpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """JSON alone on stdout, exit 0 with remarks, 1 with a failure; URLs' passwords stay secret."""
    monkeypatch.chdir(tmp_path)
    given = {
        **urls(demo, stack),
        names.HOME: str(tmp_path),
        names.CUTOFF: "2025-10-01T00:00:00Z",
        names.CUTOFFS: '{"Image": "2024-08-07T15:44:39.044Z"}',
    }
    given[names.POSTGRES_URL] = demo.postgres_url.replace(
        "metric_assets@", f"metric_assets:{SECRET}@"
    )
    code, out, err = command(given, "--json")
    assert code == 0
    hold("doctor", json.loads(out))
    shown = command(given)[1]
    assert "0 failed" in shown
    assert "sql/user/engaged.sql" in shown
    assert "sql/user/following.sql" not in shown
    assert "sql/user/following.sql" in command(given, "--all")[1]
    assert "s3cret" not in out + err + shown
    code, out, _ = command({**given, names.TARGET_TABLE: "absent"}, "--json")
    assert code == 1
