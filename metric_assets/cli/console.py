"""What the terminal shows: progress on stderr, one table at the end on stdout."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from metric_assets.catalog.model import Pair, Rule
from metric_assets.cli.meters import BarMeter, LineMeter, Meter
from metric_assets.cli.tables import err
from metric_assets.load_result import LoadResult
from metric_assets.operations.listener import Results, Retry
from metric_assets.operations.pair_report import PairReport
from metric_assets.ranges import IdRange
from metric_assets.settings import Settings

if TYPE_CHECKING:
    # Imported where it is used: the drivers cost a second that `list` need not pay.
    from metric_assets.operations.ranges import Outside

#: Rules as tables name them.
RULES = {
    Rule.EXACT: "exact",
    Rule.TOLERANCE: "tolerance",
    Rule.EVENTS_AT_LEAST_LEGACY: "at least",
    Rule.LEGACY_AT_LEAST_EVENTS: "at most",
    Rule.INFORMATIONAL: "none",
}


class Notes(Results):
    """Keeps what is told, and says on stderr at once what should be known."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def retrying(self, retry: Retry) -> None:
        """Say what failed, why, and when it is tried again."""
        super().retrying(retry)
        self._say(retry.sentence)

    def remarked(self, sentences: list[str]) -> None:
        """Say them."""
        super().remarked(sentences)
        for sentence in sentences:
            self._say(sentence)

    def remark(self, sentence: str) -> None:
        """Say one."""
        self.remarked([sentence])

    def _say(self, text: str) -> None:
        # Above a progress bar, if there is one.
        self._console.print(text, markup=False, soft_wrap=True)


class Bar(Notes):
    """Counts partitions and rows, and shows both by a meter.

    ``done`` of ``steps`` partitions have been worked on to their end, each counted once.
    """

    def __init__(self, console: Console, steps: int, meter: Meter | None) -> None:
        super().__init__(console)
        self.steps = steps
        self._done: set[tuple[tuple[Pair, ...], IdRange]] = set()
        self._meter = meter
        self._rows = 0
        self._reading = 0
        self._what = ""

    def began(self, scan: str, ids: IdRange) -> None:
        """Name the range at hand."""
        self._what = f"{scan} {ids.key}"
        self._show()

    def read(self, rows: int) -> None:
        """Count the rows read of it."""
        self._reading = rows
        self._show()

    def ended(self, load_results: list[LoadResult]) -> None:
        """Count it as done."""
        super().ended(load_results)
        self._rows += self._reading
        self._reading = 0
        self._done.add((tuple(result.pair for result in load_results), load_results[0].ids))
        self._show()

    @property
    def done(self) -> int:
        """Partitions of scans that have been worked on to their end."""
        return len(self._done)

    def _show(self) -> None:
        if self._meter is not None:
            self._meter.show(self.done, self._rows + self._reading, self._what)


@contextmanager
def progress_bar(steps: int, *, quiet: bool = False) -> Iterator[Bar]:
    """A bar over ``steps`` partitions of scans, on stderr; plain lines where it is no terminal."""
    console = err()
    if quiet or not console.is_terminal:
        meter = None if quiet else LineMeter(lambda line: click.echo(line, err=True), steps)
        yield Bar(console, steps, meter)
        return
    progress = Progress(
        SpinnerColumn(),
        BarColumn(bar_width=30 if console.width >= 100 else 10),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.description}"),
        console=console,
        redirect_stdout=False,
    )
    with progress:
        yield Bar(console, steps, BarMeter(progress, steps))


def look_outside(pairs: Sequence[Pair], settings: Settings, told: Callable[[str], None]) -> Outside:
    """The ids of the pairs' entities that no grid holds; says on stderr what is looked at.

    ``told`` hears what else should be known.
    """
    from metric_assets.operations import ranges

    with err().status("ids") as status:
        return ranges.look_outside(pairs, settings, status.update, told)


def tell_alerts(runs: Sequence[str], settings: Settings) -> None:
    """Have the alerts of a command's runs told, in one message; what could not be sent on stderr.

    Nobody waits long for it: what the command did is done and kept.
    """
    if not any(runs):
        return
    from metric_assets.orchestration.alerts import tell_runs

    for sentence in tell_runs(runs, settings):
        click.echo(f"warning: {sentence}", err=True)


def cells(reports: Sequence[PairReport], columns: Sequence[str]) -> list[list[object]]:
    """What the columns of a table show of each pair."""
    rows = []
    for report in reports:
        known = {
            **report.as_dict(),
            "rule": RULES[report.pair.legacy.rule],
            "source": report.source_check,
            "legacy": report.legacy_check,
        }
        rows.append([known[column] for column in columns])
    return rows
