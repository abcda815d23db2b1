"""What a check came to as a row of the history: which figure stands in which column."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import datetime, timedelta, timezone

import pytest

from metric_assets.actor import Actor
from metric_assets.audit.coverage import Coverage
from metric_assets.audit.history import SCHEMA, HistoryRow, frame_of, rows_of, unwritten
from metric_assets.audit.history_rows import Stamp, grid_rows, row_of, strays_row
from metric_assets.audit.source_check import SourceVerdict
from metric_assets.audit.strays import Stray
from metric_assets.badge import Badge
from metric_assets.catalog import CATALOG
from metric_assets.errors import SettingsError, TargetError
from metric_assets.live import DriftHour, LiveFigures, Stream
from metric_assets.ranges import Grid, IdRange
from metric_assets.reconcile import Discrepancy, Verdict
from metric_assets.settings import HISTORY_DAYS, HISTORY_TABLE, Settings
from metric_assets.sql import load
from metric_assets_tests.unit.test_source_check import load_result

pytestmark = pytest.mark.unit

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
ACTOR = Actor("ada", "engine-1", "metric-assets backfill", "r1")
STAMP = Stamp(NOW, "entityMetricEvents", ACTOR)
FOLLOWER = CATALOG.pairs["Tag/Follower"]


def test_a_difference_is_a_failed_row() -> None:
    """A dry run: 2 of 8 missing, 1 surplus; what live events mean; when, where and by whom."""
    live = LiveFigures(
        withdrawn=1, overlap=2, unsettled=3, unsettled_width=9, moved=4, live_missing=5,
        live_phantom=6, gone_untold=7, orphaned=8, drift_hours=(DriftHour(NOW, 5, 6),),
    )  # fmt: skip
    result = load_result(
        wanted=8, present=7, inserted=2, removed=1, events=8, total=-8, live=live, digest=17
    )
    row = row_of(SourceVerdict(result), STAMP)
    assert (row.at, row.target, row.pair, row.range_key) == (
        NOW, "entityMetricEvents", "Tag/Follower", "0-9",
    )  # fmt: skip
    assert (row.start, row.stop, row.place) == (0, 10, "Tag/Follower/0-9")
    assert (row.check, row.origin, row.verdict, row.word) == (
        "matches_source", "audit", "failed", "differs",
    )  # fmt: skip
    assert (row.wanted, row.present, row.missing, row.surplus) == (8, 7, 2, 1)
    assert (row.withdrawn, row.overlap, row.unsettled, row.moved) == (1, 2, 3, 4)
    assert (row.live_missing, row.live_phantom, row.gone_untold, row.orphaned) == (5, 6, 7, 8)
    assert row.hours == [{"hour": NOW.isoformat(), "missing": 5, "phantom": 6}]
    assert (row.coverage, row.events, row.total, row.digest) == (0.75, 8, -8, 17)
    assert (row.user, row.host, row.command, row.run) == (
        "ada", "engine-1", "metric-assets backfill", "r1",
    )  # fmt: skip
    assert row.cause.startswith("load drift: 2 events missing, 1 surplus")
    assert "--repair" in row.cure


@pytest.mark.parametrize(
    ("changes", "looked", "origin", "verdict"),
    [
        ({"dry_run": False, "inserted": 5}, False, "load", "passed"),
        ({"dry_run": False, "inserted": 5}, True, "second look", "passed"),
        ({"dry_run": True}, True, "audit", "passed"),
        ({"live": LiveFigures(live_missing=1)}, False, "audit", "warned"),
        ({"stream": Stream.BEHIND}, False, "audit", "warned"),
    ],
)
def test_what_made_it_and_what_it_came_to(
    changes: dict[str, object], looked: bool, origin: str, verdict: str
) -> None:
    """A load has written what was missing: nothing of it is missing in its row."""
    row = row_of(SourceVerdict(load_result(**changes), looked=looked), STAMP)
    assert (row.origin, row.verdict) == (origin, verdict)
    assert (row.missing, row.surplus) == (0, 0)
    written = {"inserted": 5, "removed": 0} if origin != "audit" else {}
    assert row.detail == written


def test_a_comparison_with_legacy() -> None:
    """Sums, what differs, the share, and the worst entities."""
    worst = (Discrepancy(7, 1.0, 4.0),)
    verdict = Verdict(FOLLOWER, IdRange(10, 20), 5, 9.0, 12.0, 3.0, 0.0, 1, 1, 2.0, worst)
    row = row_of(verdict, STAMP)
    assert (row.check, row.verdict, row.word) == ("matches_legacy", "failed", "differs")
    assert (row.start, row.stop, row.coverage) == (10, 20, 0.75)
    assert (row.legacy_events, row.legacy_total, row.legacy_missing, row.legacy_phantom) == (
        9.0, 12.0, 3.0, 0.0,
    )  # fmt: skip
    assert (row.legacy_entities, row.legacy_differing, row.orphaned) == (5, 1, 2)
    assert row.detail == {"worst": [{"entity_id": 7, "events": 1.0, "legacy": 4.0}]}
    assert "metric-assets explain Tag/Follower --range 10-19" in row.cure
    allowed = row_of(replace(verdict, offending=0), STAMP)
    assert (allowed.verdict, allowed.word, allowed.cure) == ("passed", "allowed", "")


def test_a_badge_is_of_the_whole_pair() -> None:
    """3 of 4 ranges are verified: one differs; and one was never loaded, which makes 3 of 5."""
    badge = Badge(
        FOLLOWER, grid=6, materialized=4, differing=("0-9",), unloaded=("40-49",),
        oldest_days=1.5, figures={"missing": 2, "surplus": 0, "live_missing": 0, "live_phantom": 0},
    )  # fmt: skip
    row = row_of(badge, STAMP)
    assert (row.check, row.origin, row.verdict, row.word) == (
        "reconciled", "summary", "failed", "differs",
    )  # fmt: skip
    assert (row.start, row.stop, row.range_key, row.place) == (0, 0, "", "Tag/Follower")
    assert (row.missing, row.coverage, row.oldest_proof_days) == (2, 0.6, 1.5)
    assert row.detail == {
        "grid": 6, "materialized": 4, "verified": 3, "differing": ["0-9"], "unloaded": ["40-49"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "word", "cure"),
    [
        ({}, "equal", ""),
        ({"differing": ("0-9",), "drifting": ("10-19",)}, "differs", "reconcile Tag/Follower --repair"),
        ({"unloaded": ("0-9",)}, "not loaded", "reconcile Tag/Follower --repair"),
        ({"drifting": ("0-9",), "legacy_failing": ("0-9",)}, "live drift", "--heal-live"),
        ({"legacy_failing": ("0-9",)}, "legacy differs", "metric-assets reconcile Tag/Follower`"),
        ({"behind": ("0-9",)}, "stream behind", "once the stream has caught up"),
        ({"unverified": ("0-9",)}, "not verified", "reconcile Tag/Follower --source"),
        ({"legacy_unchecked": ("0-9",)}, "unchecked", "metric-assets reconcile Tag/Follower`"),
        ({"oldest_days": 9.0}, "proof too old", "reconcile Tag/Follower --source"),
    ],
)  # fmt: skip
def test_a_badge_says_what_to_do_about_the_gravest(
    changes: dict[str, tuple[str, ...]], word: str, cure: str
) -> None:
    """One word for the state of a pair, and one command."""
    badge = Badge(FOLLOWER, grid=4, materialized=3, **changes)  # type: ignore[arg-type]
    assert badge.word == word
    assert cure in badge.cure


def test_checks_of_no_pair() -> None:
    """Ids in no partition by entity type; rows of no pair of the whole target."""
    fine = Coverage("Tag", Grid(10, 20))
    outside = Coverage("Post", Grid(10, 20), count=3, outside=(30, 32), cells=(30,), samples=(30,))
    good, bad = grid_rows([fine, outside], STAMP)
    assert (good.pair, good.verdict, good.missing) == ("Tag", "passed", 0)
    assert (bad.pair, bad.metric_type, bad.verdict, bad.missing) == ("Post", "", "failed", 3)
    assert "ranges Post --sync" in bad.cure
    stray = Stray("Tag", "Unheard", outside=False, events=4, lowest=1, highest=9)
    row = strays_row([stray], STAMP)
    assert (row.pair, row.place, row.verdict, row.surplus) == (
        "",
        "entityMetricEvents",
        "failed",
        4,
    )
    assert row.detail["strays"][0]["metric"] == "Unheard"
    assert strays_row([], STAMP).verdict == "passed"


def test_the_columns_are_those_of_the_table() -> None:
    """Names, order and kind of every field are what history_table.sql makes, and nothing is lost on
    the way through a frame.
    """
    text = load("clickhouse/history_table").text
    made = [line.split("`")[1:] for line in text.splitlines() if line.startswith("    `")]
    assert [name for name, *_ in made] == SCHEMA.names()
    kinds = {"Int64": "Int64", "Float64": "Float64", "UInt64": "UInt64", "String": "String"}
    for name, rest in ((one[0], one[1]) for one in made):
        kind = rest.split("COMMENT")[0].strip(" ,")
        bare = kind.removeprefix("Nullable(").removeprefix("LowCardinality(").rstrip(")")
        if bare.startswith("DateTime64(3, 'UTC'"):
            assert str(SCHEMA[name]).startswith("Datetime(time_unit='ms', time_zone='UTC')")
        else:
            assert str(SCHEMA[name]) == kinds[bare], name
    row = row_of(SourceVerdict(load_result(instant=NOW, digest=2**64 - 1)), STAMP)
    assert rows_of(frame_of([row])) == [row]
    assert len(fields(HistoryRow)) == len(SCHEMA)


def test_what_cannot_be_written_names_its_cure() -> None:
    """The table, the grant, the page and the setting."""
    said = unwritten([row_of(SourceVerdict(load_result()), STAMP)], TargetError("no grant"))
    for part in (
        HISTORY_TABLE,
        "no grant",
        "SELECT, INSERT",
        "docs/reference/history.md",
        HISTORY_DAYS,
    ):
        assert part in said


@pytest.mark.parametrize("name", ["metricReconciliation", "metricRepairs"])
def test_a_table_of_ours_is_no_target(name: str) -> None:
    """Events would be written where results are."""
    with pytest.raises(SettingsError, match=name):
        Settings.load({"METRIC_ASSETS_TARGET_TABLE": name})


def test_details_are_json() -> None:
    """Readable for whoever asks the table."""
    row = strays_row([], replace(STAMP, at=NOW + timedelta(days=1)))
    assert json.loads(row.details) == {}
