"""The charts of a report, by Altair: specifications that a browser draws.

Belongs here: which row becomes which mark. Does not belong here: the rows (report_rows), or the
page that the charts stand on (report_page). Imported only with the extra `report`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import altair as alt

from metric_assets.operations.report_data import ReportData
from metric_assets.operations.report_rows import STATES, Row

#: Charts of several kinds: what Altair says of their types is not of one shape.
Chart = Any
#: Colors that people with any color vision tell apart (Okabe and Ito), by state.
COLORS = {
    "equal": "#4fae8d",
    "proof too old": "#b9d7cb",
    "not verified": "#d9d9d9",
    "stream behind": "#f0e442",
    "legacy differs": "#cc79a7",
    "live drift": "#e69f00",
    "not loaded": "#444444",
    "differs": "#d55e00",
}
_VERDICTS = {"passed": "#4fae8d", "warned": "#e69f00", "failed": "#d55e00"}
_SIGNS = {"missing": "#d55e00", "too many": "#0072b2"}
#: Width of a chart beside its labels, in pixels.
_WIDTH = 820
#: Ranges up to which each has its label.
_LABELLED = 24
#: Pairs whose oldest proof is shown.
OLDEST = 25
#: Days up to which ages are in hours, and a span of time has hours on its axis.
_YOUNG = 3
#: Units up to which each has its tick.
_FEW = 5
_HOUR = timedelta(hours=1)
_FONT = "system-ui, sans-serif"


def charts(data: ReportData) -> dict[str, dict[str, Any]]:
    """Vega-Lite specifications by name; a chart that has nothing to show is left out."""
    made: dict[str, Chart] = {}
    span = _span(data)
    wrong = {cell["entity"] for cell in data.cells if cell["state"] != "equal"}
    entities = dict.fromkeys(cell["entity"] for cell in data.cells)
    for entity in sorted(entities, key=lambda one: one not in wrong):
        made[f"ranges-{entity}"] = _ranges([one for one in data.cells if one["entity"] == entity])
    for entity in dict.fromkeys(point["entity"] for point in data.coverage):
        own = [one for one in data.coverage if one["entity"] == entity]
        made[f"coverage-{entity}"] = _coverage(entity, own, span)
    if data.proofs:
        made["proofs"] = _proofs(data.proofs, data.most_days)
    if data.drift:
        made["drift"] = _drift(data.drift)
    if any(row["verdict"] != "passed" for row in data.results):
        made["results"] = _results(data.results)
    return {name: _styled(chart) for name, chart in made.items()}


def _styled(chart: Any) -> dict[str, Any]:
    shown = (
        chart.configure(font=_FONT, background="transparent")
        .configure_axis(labelFontSize=11, titleFontSize=11, titleFontWeight="normal", grid=False)
        .configure_view(stroke=None)
        .configure_legend(labelFontSize=11, titleFontSize=11, orient="top", title=None)
    )
    made: dict[str, Any] = shown.to_dict()
    return made


def _data(rows: Sequence[Row]) -> alt.InlineData:
    return alt.InlineData(values=list(rows))


def _ranges(cells: Sequence[Row]) -> Chart:
    """The heat map: a line a pair, a column a range."""
    rows = sorted(cells, key=lambda one: (one["start"], one["metric"]))
    ranges = len({row["range"] for row in rows})
    width = max(3, min(60, _WIDTH // max(ranges, 1)))
    return (
        alt.Chart(_data(rows))
        .mark_rect(stroke="white", strokeWidth=1 if width > 6 else 0)
        .encode(
            x=alt.X("range:N").title(None).sort(None).axis(
                labels=ranges <= _LABELLED, labelAngle=-40, ticks=False, domain=False
            ),
            y=alt.Y("metric:N").title(None).axis(ticks=False, domain=False),
            color=alt.Color("state:N").scale(
                domain=list(STATES), range=[COLORS[state] for state in STATES]
            ).legend(None),
            tooltip=[
                alt.Tooltip("metric:N"),
                alt.Tooltip("range:N"),
                alt.Tooltip("state:N"),
                alt.Tooltip("wanted:Q", format=","),
                alt.Tooltip("missing:Q", format=","),
                alt.Tooltip("surplus:Q", format=","),
                alt.Tooltip("live:N", title="live events"),
                alt.Tooltip("legacy:N"),
                alt.Tooltip("checked:N", title="checked, UTC"),
            ],
        )
        .properties(width=alt.Step(width), height=alt.Step(16))
    )  # fmt: skip


def _span(data: ReportData) -> list[str]:
    """From the first summary of any pair to now, an hour at least: the same for all charts."""
    now = data.summary.now
    first = min((point["at"] for point in data.coverage), default=now.isoformat())
    return [min(first, (now - timedelta(hours=1)).isoformat()), now.isoformat()]


def _coverage(entity: str, points: Sequence[Row], span: list[str]) -> Chart:
    """The share of ranges verified in the course of time, a line a pair."""
    lowest = min(point["coverage"] for point in points)
    base = alt.Chart(_data(points)).encode(
        x=_time("at", span),
        y=alt.Y("coverage:Q").title(None).axis(format="%", tickCount=3).scale(
            domain=[min(lowest, 0.9), 1.0]
        ),
        detail="metric:N",
        tooltip=[
            alt.Tooltip("metric:N"),
            alt.Tooltip("at:N", title="when, UTC"),
            alt.Tooltip("coverage:Q", title="ranges verified", format=".2%"),
            alt.Tooltip("verdict:N", title="reconciled"),
        ],
    )  # fmt: skip
    color = alt.Color("verdict:N").scale(
        domain=list(_VERDICTS), range=list(_VERDICTS.values())
    ).legend(None)  # fmt: skip
    lines = base.mark_line(interpolate="step-after", color="#9db8ae", strokeWidth=1.5)
    dots = base.mark_circle(size=36, opacity=1).encode(color=color)
    last = list({point["metric"]: point for point in points}.values())
    names = (
        alt.Chart(_data([point for point in last if point["coverage"] < 1]))
        .mark_text(align="right", dx=-8, fontSize=11)
        .encode(x=_time("at", span), y="coverage:Q", text="metric:N")
    )
    title = alt.TitleParams(entity, anchor="start", fontSize=12, fontWeight=600)
    return (lines + dots + names).properties(width=400, height=80, title=title)


def _proofs(rows: Sequence[Row], most_days: float) -> Chart:
    """The oldest proofs, and the age that none may exceed; in hours if all are young."""
    unit, factor = ("days", 1) if max(row["days"] for row in rows) > _YOUNG else ("hours", 24)
    oldest = [
        {**row, "age": row["days"] * factor}
        for row in sorted(rows, key=lambda one: -one["days"])[:OLDEST]
    ]
    bars = (
        alt.Chart(_data(oldest))
        .mark_bar()
        .encode(
            x=alt.X("age:Q").title(f"{unit} since it was compared"),
            y=alt.Y("pair:N").title(None).sort(None).axis(ticks=False, domain=False),
            color=alt.condition(
                f"datum.days > {most_days}",
                alt.value(COLORS["differs"]),
                alt.value(COLORS["equal"]),
            ),
            tooltip=[alt.Tooltip("pair:N"), alt.Tooltip("age:Q", title=unit, format=".2f")],
        )
    )
    limit = alt.Chart(_data([{"age": most_days * factor}])).mark_rule(strokeDash=[4, 3])
    near = any(row["days"] > most_days / 2 for row in rows)
    shown = bars + limit.encode(x="age:Q") if near else bars
    return shown.properties(width=_WIDTH - 160, height=alt.Step(15))


def _drift(rows: Sequence[Row]) -> Chart:
    """Live drift by hour: what is missing below the line, what is too many above it."""
    signed = [
        {"hour": row["hour"], "pair": row["pair"], "sign": sign, "units": factor * row[name]}
        for row in rows
        for name, sign, factor in (("missing", "missing", -1), ("phantom", "too many", 1))
        if row[name]
    ]
    hours = [datetime.fromisoformat(row["hour"]) for row in rows]
    span = [(min(hours) - _HOUR).isoformat(), (max(hours) + _HOUR).isoformat()]
    most = max(abs(row["units"]) for row in signed)
    values = list(range(-most, most + 1)) if most <= _FEW else alt.Undefined
    return (
        alt.Chart(_data(signed))
        .mark_bar(width=6)
        .encode(
            x=_time("hour", span),
            y=alt.Y("units:Q").title("counter units").axis(format="~s", values=values),
            color=alt.Color("sign:N").scale(domain=list(_SIGNS), range=list(_SIGNS.values())),
            detail="pair:N",
            tooltip=[
                alt.Tooltip("hour:N", title="hour, UTC"),
                alt.Tooltip("pair:N"),
                alt.Tooltip("units:Q", format=","),
            ],
        )
        .properties(width=_WIDTH, height=140)
    )


def _results(rows: Sequence[Row]) -> Chart:
    """Results that did not pass, by day; days on which all passed have their place."""
    counted = {(row["day"], verdict): 0 for row in rows for verdict in ("warned", "failed")}
    totals: dict[str, int] = {}
    for row in rows:
        totals[row["day"]] = totals.get(row["day"], 0) + row["results"]
        if (row["day"], row["verdict"]) in counted:
            counted[row["day"], row["verdict"]] += row["results"]
    shown = [
        {"day": day, "verdict": verdict, "results": number, "all": totals[day]}
        for (day, verdict), number in counted.items()
    ]
    most = max(row["results"] for row in shown)
    colors = {name: color for name, color in _VERDICTS.items() if name != "passed"}
    return (
        alt.Chart(_data(shown))
        .mark_bar()
        .encode(
            x=alt.X("day:O").title(None).axis(labelAngle=-40),
            y=alt.Y("results:Q")
            .title("results that did not pass")
            .axis(format="~s", tickCount=min(most + 1, 4)),
            color=alt.Color("verdict:N").scale(domain=list(colors), range=list(colors.values())),
            tooltip=[
                alt.Tooltip("day:N"),
                alt.Tooltip("verdict:N"),
                alt.Tooltip("results:Q", format=","),
                alt.Tooltip("all:Q", title="results in all", format=","),
            ],
        )
        .properties(width=alt.Step(26), height=120)
    )


def _time(field: str, span: list[str]) -> alt.X:
    """An axis of time in UTC, labelled by days where days pass."""
    first, last = map(datetime.fromisoformat, span)
    label = "%d %b" if last - first > timedelta(days=_YOUNG) else "%d %b %H:%M"
    axis = alt.Axis(
        labelOverlap=True, tickCount=5, labelExpr=f"utcFormat(datum.value, '{label}')", title=None
    )
    return alt.X(f"{field}:T").scale(type="utc", domain=span).axis(axis)
