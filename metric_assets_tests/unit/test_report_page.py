"""The summary, the rows of a report, and the page: what is read is what is shown."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from metric_assets.audit.history import HistoryRow
from metric_assets.catalog import CATALOG
from metric_assets.errors import SettingsError
from metric_assets.operations.report_data import ReportData
from metric_assets.operations.report_page import page, write_page
from metric_assets.operations.report_rows import (
    cells_of,
    change_of,
    coverage_of,
    drift_of,
    failure_of,
    on_grid,
    proofs_of,
    worst_of,
)
from metric_assets.operations.summary import Summary, summarize
from metric_assets.ranges import Grid
from metric_assets.settings import Settings
from metric_assets_tests.documents import hold

pytestmark = pytest.mark.unit

NOW = datetime(2026, 3, 10, 12, tzinfo=timezone.utc)
SETTINGS = Settings(grids={"Tag": Grid(10, 30)})
PAIRS = [CATALOG.pairs["Tag/Follower"], CATALOG.pairs["Tag/Hidden"]]


def row(
    check: str, metric: str = "Follower", start: int = 0, stop: int = 0, **more: Any
) -> HistoryRow:
    """A passed result of an hour ago, but for what is said."""
    facts: dict[str, Any] = {"origin": "audit", "verdict": "passed", "word": "equal"} | more
    at = facts.pop("at", NOW - timedelta(hours=1))
    return HistoryRow(at, "events", "Tag", metric, start, stop, check, **facts)


def badges(**more: Any) -> list[HistoryRow]:
    """Both pairs are well; the oldest proof is two days old."""
    facts = {"coverage": 1.0, "oldest_proof_days": 2.0} | more
    return [row("reconciled", "Follower", **facts), row("reconciled", "Hidden", coverage=1.0)]


def summary(rows: list[HistoryRow], now: datetime = NOW) -> Summary:
    """The summary of both pairs."""
    return summarize(rows, SETTINGS, PAIRS, now)


def test_all_is_well_says_as_of_when() -> None:
    """The older of the two newest summaries, and the oldest proof."""
    rows = badges(at=NOW - timedelta(hours=3))
    found = summary(rows)
    assert found.well
    assert found.sentence == (
        "All is well as of 2026-03-10 09:00 UTC: all 2 counters equal the source;"
        " the oldest proof is 2.1 days old."
    )


def test_nothing_recorded_is_no_verdict() -> None:
    """A sentence that says what to do; neither well nor wrong."""
    found = summary([])
    assert (found.empty, found.well, found.wrong) == (True, False, [])
    assert "No check of entityMetricEvents has been recorded yet" in found.sentence


def test_the_gravest_pair_is_named_first() -> None:
    """What legacy says weighs less than a difference from the source."""
    rows = [
        row(
            "reconciled",
            "Follower",
            verdict="failed",
            word="legacy differs",
            cause="Tag/Follower: x",
        ),
        row("reconciled", "Hidden", verdict="failed", word="differs", missing=3),
    ]
    found = summary(rows)
    assert [state.pair.metric for state in found.wrong] == ["Hidden", "Follower"]
    assert "0 of 2 pairs are; these are not: Tag/Hidden (differs), Tag/Follower" in found.sentence
    assert found.total("missing") == 3


def test_a_range_that_fails_after_the_last_summary_counts() -> None:
    """A run that broke off before its summary; one that is older than the summary is settled."""
    later = row("matches_source", start=0, stop=10, verdict="failed", word="differs", at=NOW)
    earlier = replace(later, at=NOW - timedelta(hours=2))
    assert not summary([*badges(), later]).well
    assert summary([*badges(), earlier]).well


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([badges()[0]], "never checked: Tag/Hidden (unchecked)"),
        ([*badges(), replace(badges()[0], entity_type="", metric_type="", check="every_row_belongs_to_a_pair", verdict="failed", cause="4 rows belong to nothing")], "4 rows belong to nothing"),
        (badges(at=NOW - timedelta(days=5)), "the last check is 5.0 days old: no audit runs"),
    ],
)  # fmt: skip
def test_what_else_is_not_well(rows: list[HistoryRow], said: str) -> None:
    """A pair without any result, rows of no pair, an audit that does not run."""
    found = summary(rows)
    assert not found.well
    assert said in found.sentence


def test_the_state_of_a_range_is_the_gravest_of_its_checks() -> None:
    """By its newest results; a proof that is too old, and a range never loaded, are states, too."""
    old = NOW - timedelta(days=20)
    rows = [
        row("matches_source", start=0, stop=10, wanted=9),
        row("matches_legacy", start=0, stop=10, legacy_entities=3),
        row("matches_source", start=10, stop=20),
        row("matches_legacy", start=10, stop=20, verdict="failed", legacy_entities=1200, legacy_differing=2, coverage=0.5),
        row("matches_source", "Hidden", 0, 10, verdict="warned", word="live drift", live_missing=2),
        row("matches_source", "Hidden", 10, 20, at=old),
        row("reconciled", "Hidden", details='{"unloaded": ["20-29"]}'),
    ]  # fmt: skip
    cells = {(cell["metric"], cell["range"]): cell for cell in cells_of(rows, 14, NOW)}
    assert {key: cell["state"] for key, cell in cells.items()} == {
        ("Follower", "0-9"): "equal",
        ("Follower", "10-19"): "legacy differs",
        ("Hidden", "0-9"): "live drift",
        ("Hidden", "10-19"): "proof too old",
        ("Hidden", "20-29"): "not loaded",
    }
    assert cells["Follower", "0-9"]["wanted"] == 9
    assert cells["Follower", "0-9"]["legacy"] == "3 entities agree"
    assert cells["Follower", "10-19"]["legacy"] == "2 of 1,200 entities differ, coverage 0.5000"
    assert cells["Hidden", "0-9"]["live"] == "2 missing, 0 too many"
    assert cells["Hidden", "20-29"]["start"] == 20


def test_drift_adds_up_by_hour_and_pair() -> None:
    """Two ranges lack events of the same hour."""
    hour = '[{"hour": "2026-03-01T10:00:00+00:00", "missing": 2, "phantom": 1}]'
    rows = [
        row("matches_source", start=first, stop=first + 10, drift_hours=hour) for first in (0, 10)
    ]
    assert list(drift_of(rows)) == [
        {"hour": "2026-03-01T10:00:00+00:00", "pair": "Tag/Follower", "missing": 4, "phantom": 2}
    ]


def test_the_worst_entities_are_of_what_fails() -> None:
    """The largest difference first, either way; a range that passes names none."""
    worst = '{"worst": [{"entity_id": 1, "events": 5.0, "legacy": 9.0}, {"entity_id": 2, "events": 8.0, "legacy": 1.0}]}'
    failing = row("matches_legacy", start=0, stop=10, verdict="failed", details=worst)
    found = worst_of([failing, replace(failing, verdict="passed", start=10, stop=20)])
    assert [(one["entity"], one["difference"], one["range"]) for one in found] == [
        (2, 7.0, "0-9"),
        (1, -4.0, "0-9"),
    ]


def test_ranges_of_another_grid_are_left_out() -> None:
    """What the grid of today does not cut is of a time before it; whole pairs stay."""
    rows = [row("matches_source", start=0, stop=10), row("matches_source", start=0, stop=100)]
    assert on_grid([*rows, *badges()], SETTINGS) == [rows[0], *badges()]


def data() -> ReportData:
    """A report in which every section has something to show."""
    hour = '[{"hour": "2026-03-01T10:00:00+00:00", "missing": 2, "phantom": 0}]'
    worst = '{"worst": [{"entity_id": 1, "events": 5.0, "legacy": 9.0}]}'
    failed = row(
        "matches_legacy", start=0, stop=10, verdict="failed", word="differs", details=worst,
        cause="Tag/Follower/0-9: <script>alert(1)</script>", cure="`metric-assets reconcile`",
    )  # fmt: skip
    drifting = row(
        "matches_source", start=0, stop=10, verdict="warned", word="live drift", drift_hours=hour
    )
    rows = [*badges(verdict="failed", word="live drift", coverage=0.5), failed, drifting]
    made = summary(rows)
    change = {
        "at": NOW, "entityType": "Tag", "metricType": "Follower", "start": 0, "stop": 10,
        "check": "matches_source", "before": "passed", "verdict": "warned", "word": "live drift",
        "user": "ada", "host": "engine-1", "command": "metric-assets reconcile", "run": "r1",
    }  # fmt: skip
    points = [
        {
            "entityType": "Tag",
            "metricType": "Follower",
            "at": NOW,
            "coverage": 0.5,
            "verdict": "failed",
        }
    ]
    return ReportData(
        made,
        30,
        14.0,
        cells=tuple(cells_of(rows, 14, NOW)),
        coverage=tuple(coverage_of(points, {"Tag/Follower"})),
        proofs=tuple(proofs_of(made)),
        drift=tuple(drift_of(rows)),
        worst=tuple(worst_of(rows)),
        failures=(failure_of(failed, {("matches_legacy", "Tag/Follower/0-9")}),),
        changes=(change_of(change),),
        results=(
            {"day": "2026-03-10", "check": "matches_source", "verdict": "warned", "results": 1},
        ),
    )


class Page(HTMLParser):
    """What a page holds: its scripts by id, what it would fetch, and the ids of its elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.scripts: dict[str, str] = {}
        self.fetched: list[str] = []
        self.ids: list[str] = []
        self._inside: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.ids += [value for value in [named.get("id")] if value]
        self.fetched += [value for name, value in attrs if name in {"src", "href"} and value]
        self._inside = (named.get("id") or "code") if tag == "script" else None

    def handle_data(self, data: str) -> None:
        if self._inside is not None:
            self.scripts[self._inside] = self.scripts.get(self._inside, "") + data

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._inside = None


def _values(chart: dict[str, Any]) -> list[Any]:
    """All data of a chart."""
    return [one for rows in chart["datasets"].values() for one in rows]


@pytest.mark.promise(
    "One page, with its data and all that draws it; nothing is fetched.",
    when="a report",
    area="operators",
)
def test_the_page_shows_what_was_read() -> None:
    """The data of every chart are the rows, and each has its place; text from outside stays text; no
    address is asked for anything.
    """
    report = data()
    shown = Page(page(report))
    charts = json.loads(shown.scripts["charts"])
    assert set(charts) == {"ranges-Tag", "coverage-Tag", "proofs", "drift", "results"}
    assert set(charts) <= set(shown.ids)
    assert _values(charts["ranges-Tag"]) == list(report.cells)
    assert report.coverage[0] in _values(charts["coverage-Tag"])
    assert [one["pair"] for one in _values(charts["proofs"]) if "pair" in one] == ["Tag/Follower"]
    assert _values(charts["drift"])[0]["units"] == -2
    assert {(one["verdict"], one["results"]) for one in _values(charts["results"])} == {
        ("warned", 1),
        ("failed", 0),
    }
    assert json.loads(shown.scripts["report"]) == report.as_dict()
    assert shown.fetched == []
    assert "<script>alert" not in re.sub(r"<script.*?</script>", "", page(report), flags=re.DOTALL)


def test_a_page_of_nothing_says_so() -> None:
    """No charts, no library of theirs; the sentence."""
    text = page(ReportData(summary([]), 30, 14.0))
    assert "has been recorded yet" in text
    assert len(text) < 10_000


def test_a_missing_library_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The core is installed without what draws charts."""
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(SettingsError, match=r"pip install 'metric-assets\[report\]'"):
        page(ReportData(summary([]), 30, 14.0))


def test_a_page_that_cannot_be_written_names_the_file(tmp_path: Path) -> None:
    """Nothing is left of it."""
    with pytest.raises(SettingsError, match=r"--output: .*nowhere"):
        write_page(ReportData(summary([]), 30, 14.0), tmp_path / "nowhere" / "page.html")
    assert list(tmp_path.iterdir()) == []


def test_the_document_is_what_is_described() -> None:
    """Of a report with everything in it, and of one with nothing: keys, types and codes."""
    for report in (data(), ReportData(summary([]), 30, 14.0)):
        common = {"schema_version": 3, "ok": True, "exit_code": 0, "error": None}
        hold("report", {**common, **report.as_dict(), "page": None})
