"""The figures as a table, and as docs/results/benchmarks.md with a plot.

Belongs here: words and shapes. Does not belong here: measuring.
"""

from __future__ import annotations

import os
import platform
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path

from metric_assets_tests.benchmarks.audits import DIFFER, SYNC, WITHDRAWN, Cost, largest, ratio
from metric_assets_tests.benchmarks.measures import Figure
from metric_assets_tests.benchmarks.one_row import Step
from metric_assets_tests.benchmarks.story import Results, straight_line

_PACKAGES = ("dagster", "polars", "pandera", "clickhouse-connect", "adbc-driver-postgresql", "chdb")
#: What follows this line in the page is written by hand and stays.
MARK = "<!-- measured above, by `make bench`; written by hand below -->"


def table(results: Results) -> str:
    """One row a measure: what, target, median, spread."""
    return markdown(_rows(results))


def markdown(rows: list[list[str]]) -> str:
    """Rows below their heads."""
    lines = ["| | measure | target | median | lowest to highest |", "|---|---|--:|--:|--:|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def write(folder: Path, results: Results, seconds: float) -> None:
    """The page and its plot; what was written by hand below the mark stays."""
    file = folder / "benchmarks.md"
    kept = file.read_text(encoding="utf-8").partition(MARK)[2] if file.exists() else "\n"
    plot(folder / "benchmarks.svg", results)
    text = "\n".join(
        [
            "# Benchmarks",
            "",
            f"Measured {datetime.now(timezone.utc):%Y-%m-%d} by `make bench` in {seconds:.0f} s on"
            f" {_machine()}: {_versions()}. Both stores, the pipeline and Dagster's storage share"
            " these cores. Every ratio is of measures taken in turn within one run; events are"
            " reactions of images, two a row of the source, six pairs in one read.",
            "",
            table(results),
            "",
            "![Seconds over events, and where the seconds of one partition go](benchmarks.svg)",
            "",
            f"## One partition of {results.plan.events:,} events",
            "",
            *_waterfall(results),
            "",
            MARK,
        ]
    )
    file.write_text(text + kept, encoding="utf-8")


def _rows(results: Results) -> list[list[str]]:
    first, plan = results.first, results.plan
    size = f"{plan.events / 1e6:g} M events"
    ours = first["ours"]
    of_native = f"speed against ClickHouse's own `INSERT … SELECT FROM postgresql()`, {size}"
    of_copy = f"speed against `COPY … (FORMAT binary)` into nothing, {size}"
    again = first["unchanged"].over(ours)
    differing = first["0.1 % differ"].over(ours)
    rows = [
        ["a", of_native, "≥ 1.0", *_shown(results.rate_to_native)],
        ["b", of_copy, "≥ 0.7", *_shown(results.rate_to_copy)],
        *(["", f"{name}, seconds", "", *_shown(figure)] for name, figure in first.items()),
        ["c", "unchanged re-run over first load, seconds", "≤ 1.0", *_shown(again)],
        ["", "re-run with 0.1 % differences over first load", "", *_shown(differing)],
        ["d", "farthest from a straight line", "≤ 5 %", f"{results.growth_error:.1%}", ""],
    ]
    for events, figure in results.growth.items():
        name = f"{events / 1e6:g} M events in one partition, seconds"
        rows.append(["", name, "", *_shown(figure)])
    for events, peak in results.peaks.items():
        name = f"peak memory at {events / 1e6:g} M events in one partition"
        rows.append(["e", name, "≤ 600 MB", f"{peak:.0f} MB", ""])
    for name, (count, figure) in results.bookkeeping.items():
        what = f"bookkeeping a pair and partition, {name} ({count} in all)"
        bound = "≤ 10 ms" if "ranges" in name else ""
        rows.append(["f", what, bound, f"{figure.median:.1f} ms", figure.spread])
    for name, figure in results.commands.items():
        bound = "≤ 5 s" if name.endswith("one partition") else ""
        rows.append(["f", f"`{name}`, seconds", bound, *_shown(figure)])
    return rows + layouts(results.layouts) + audits(results.audits, plan.audit_events)


def layouts(measured: dict[str, dict[str, Figure]]) -> list[list[str]]:
    """Repairs, by the layout of the target."""
    rows = []
    for name, figures in measured.items():
        surplus = f"removal of 100 rows, target {name}, seconds"
        changed = f"re-run with 1 % of the source changed over an unchanged one, target {name}"
        rows.append(["g", surplus, "≤ 1", *_shown(figures["100 surplus"])])
        ratio = figures["1 % changed"].over(figures["unchanged"])
        rows.append(["h", changed, "≤ 2", *_shown(ratio)])
    return rows


def audits(measured: dict[str, Cost], events: int) -> list[list[str]]:
    """Audits beside first loads, half of the events on each side live."""
    size = f"{events / 1e6:g} M events a side"
    bounds = {SYNC: "≤ 0.6", DIFFER: "≤ 0.8", WITHDRAWN: ""}
    rows = [
        [
            "i",
            f"{name}, over a first load, CPU seconds, {size}",
            bound,
            *_shown(ratio(measured, name)),
        ]
        for name, bound in bounds.items()
    ]
    written = measured[SYNC].written
    spread = f"{min(written):,} to {max(written):,}"
    rows.append(["i", f"{SYNC}, bytes written to ClickHouse", "0", f"{max(written):,}", spread])
    most = largest(measured)
    spread = f"{min(most.rounds):.0f} to {max(most.rounds):.0f}"
    name = f"largest statement of an audit in ClickHouse, {size}"
    rows.append(["i", name, "≤ 1024 MiB", f"{most.median:.0f} MiB", spread])
    for name, cost in measured.items():
        rows.append(["", f"{name}, CPU seconds", "", *_shown(Figure(tuple(cost.cpu)))])
    return rows


def steps(measured: dict[str, Step]) -> str:
    """What each step took, as Markdown."""
    lines = [
        "| step | seconds | rows read | MB read | rows written | bytes written | MiB at most |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for name, step in measured.items():
        cells = (
            name,
            f"{step.seconds:.1f}",
            f"{step.read_rows:,}",
            f"{step.read_bytes / 1e6:,.1f}",
            f"{step.written_rows:,}",
            f"{step.written_bytes:,}",
            f"{step.peak_mib:.0f}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _shown(figure: Figure) -> list[str]:
    return [f"{figure.median:.2f}", figure.spread]


def _waterfall(results: Results) -> list[str]:
    run = results.waterfall
    lines = ["| step | seconds | |", "|---|--:|---|"]
    notes = {
        "acquire": "lock, orphans cleaned up",
        "fill": "read, derive, validate and insert, overlapped",
        "plan": "summaries of stage and scope",
        "apply": "partitions attached",
        "verify": "the scope read back",
        "release": "stage dropped, lock released",
    }
    for phase, seconds in run["phases"].items():
        lines.append(f"| {phase} | {seconds:.2f} | {notes.get(phase, '')} |")
    outside = run["seconds"] - run["busy"]["materialize"]
    lines.append(f"| Dagster | {outside:.2f} | everything of the run outside `materialize` |")
    busy = ", ".join(
        f"{name} {run['busy'][name]:.2f} s" for name in ("read", "derive", "validate", "insert")
    )
    return [*lines, "", f"Within fill, by thread, waiting for a core included: {busy}."]


def plot(file: Path, results: Results) -> None:
    """Growth on the left, the waterfall of one partition on the right."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "metric_assets"
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
    sizes = list(results.growth)
    seconds = [results.growth[size].median for size in sizes]
    slope, fixed = straight_line(sizes, seconds)
    millions = [size / 1e6 for size in sizes]
    left.plot(millions, [fixed + slope * size for size in sizes], "--", color="0.6",
              label=f"{fixed:.1f} s + {slope * 1e6:.2f} s a million")  # fmt: skip
    left.plot(millions, seconds, "o", color="#2b6cb0", label="measured")
    left.set(xlabel="million events in one partition", ylabel="seconds", title="First load")
    left.legend(frameon=False)
    start = 0.0
    for index, length in enumerate(results.waterfall["phases"].values()):
        right.barh(index, length, left=start, color="#2b6cb0")
        right.text(start + length, index, f" {length:.2f} s", va="center", fontsize=8)
        start += length
    right.set_yticks(range(len(results.waterfall["phases"])), list(results.waterfall["phases"]))
    right.invert_yaxis()
    right.set(xlabel="seconds", title=f"One partition of {results.plan.events / 1e6:g} M events",
              xlim=(0, start * 1.15))  # fmt: skip
    figure.savefig(file, metadata={"Date": None})
    plt.close(figure)


def _machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores ({_processor()}), {memory:.0f} GiB, Python"
        f" {platform.python_version()}"
    )


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _versions() -> str:
    return ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
