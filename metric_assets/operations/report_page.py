"""The report of checks as one HTML page that works without a network.

Belongs here: the page around the charts. Does not belong here: the charts (report_charts), or what
is shown (report_data).
"""

from __future__ import annotations

import re
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from metric_assets.errors import SettingsError
from metric_assets.operations.report_data import ReportData
from metric_assets.operations.summary import days

_TEMPLATE = Path(__file__).with_suffix(".html.j2")
#: What the page asks of Vega, Vega-Lite and Vega-Embed, which are put into it.
_DRAWS = "window.vegaEmbed = vegaEmbed;"
#: Ranges up to which two heat maps stand side by side.
_FEW = 5
#: What `pip` has to be asked for.
EXTRA = "metric-assets[report]"


def write_page(data: ReportData, file: Path) -> None:
    """Write the page, all of it or nothing.

    Raises SettingsError where the libraries of the extra are not installed, or the file cannot be
    written.
    """
    text = page(data)
    fresh = file.with_name(f"{file.name}.part")
    try:
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(file)
    except OSError as error:
        raise SettingsError(
            f"--output: {file.absolute()} cannot be written: {error.strerror}; name a file in a"
            " folder that is there and writable"
        ) from None


def page(data: ReportData) -> str:
    """The page; raises SettingsError where the libraries of the extra are not installed."""
    try:
        import jinja2  # noqa: PLC0415 - libraries of an extra
        from markupsafe import Markup  # noqa: PLC0415
        from vl_convert import javascript_bundle  # noqa: PLC0415

        from metric_assets.operations.report_charts import COLORS, OLDEST, charts  # noqa: PLC0415
    except ImportError as error:
        raise SettingsError(
            f"report: {error.name or error} is not installed; the page is drawn by the libraries of"
            f" an extra: `pip install '{EXTRA}'`. `metric-assets report --json` does without"
        ) from None
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    environment.filters.update(ticked=_ticked, instant=_instant, number=_number, without=_without)
    environment.policies["json.dumps_kwargs"] = {"sort_keys": False, "separators": (",", ":")}
    made = charts(data)
    # A script ends where its element seems to, whatever the text means.
    bundle = javascript_bundle(_DRAWS).replace("</script", "<\\/script") if made else ""
    template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    return template.render(
        data=data,
        summary=data.summary,
        made=f"{data.summary.now:%Y-%m-%d %H:%M}",
        tiles=_tiles(data),
        colors=COLORS,
        oldest=OLDEST,
        names=list(made),
        full=_full(data),
        narrow=_most_ranges(data) <= _FEW,
        charts=made,
        scripts=Markup(bundle),  # noqa: S704 - the library's own text
    )


def _full(data: ReportData) -> list[str]:
    """Charts of entity types whose ranges were all verified all the time."""
    lowest: dict[str, float] = {}
    for point in data.coverage:
        entity = point["entity"]
        lowest[entity] = min(lowest.get(entity, 1.0), point["coverage"])
    return [f"coverage-{entity}" for entity, share in lowest.items() if share >= 1]


def _most_ranges(data: ReportData) -> int:
    """Columns of the widest heat map."""
    found: dict[str, set[str]] = {}
    for cell in data.cells:
        found.setdefault(cell["entity"], set()).add(cell["range"])
    return max(map(len, found.values()), default=0)


def _tiles(data: ReportData) -> list[tuple[str, str]]:
    """The numbers at the top."""
    summary = data.summary
    well = sum(state.well for state in summary.pairs)
    oldest = summary.oldest_proof
    good = sum(cell["state"] == "equal" for cell in data.cells)
    return [
        ("pairs are well", f"{well} of {len(summary.pairs)}"),
        ("ranges are verified", f"{good:,} of {len(data.cells):,}"),
        ("events missing", f"{summary.total('missing'):,}"),
        ("events too many", f"{summary.total('surplus'):,}"),
        ("live units missing", f"{summary.total('live_missing'):,}"),
        ("live units too many", f"{summary.total('live_phantom'):,}"),
        ("oldest proof", days(summary.now - oldest) if oldest else "none"),
    ]


def _ticked(text: str) -> Any:
    """Text whose parts between backticks are code."""
    from markupsafe import Markup, escape  # noqa: PLC0415 - a library of an extra

    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704


def _instant(text: str) -> str:
    return f"{datetime.fromisoformat(text).astimezone(timezone.utc):%Y-%m-%d %H:%M}"


def _number(value: float, *, sign: bool = False) -> str:
    """Whole numbers in all their digits, others with four."""
    plus = "+" if sign else ""
    return f"{value:{plus},.0f}" if value == int(value) else f"{value:{plus},.4f}"


def _without(text: str, place: str) -> str:
    """A sentence without the place that it begins with."""
    return text.removeprefix(f"{place}: ")
