"""What the terminal shows: progress on stderr, one table at the end on stdout."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
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
from rich.table import Table
from rich.text import Text

from metric_assets.catalog.model import Pair, Rule
from metric_assets.load_result import LoadResult
from metric_assets.operations.listener import Results, Retry
from metric_assets.operations.pair_report import PairReport
from metric_assets.ranges import IdRange
from metric_assets.settings import Settings

if TYPE_CHECKING:
    # Imported where it is used: the drivers cost a second that `list` need not pay.
    from metric_assets.operations.ranges import Outside

#: Columns of output that no terminal shows.
WIDE = 240

STYLES = {
    "ok": "green",
    "equal": "green",
    "agrees": "green",
    "not judged": "cyan",
    "live drift": "bold yellow",
    "stream behind": "yellow",
    "not verified": "yellow",
    "not loaded": "bold red",
    "differs": "bold red",
    "failed": "bold red",
    "busy": "yellow",
    "unchecked": "yellow",
    "remark": "yellow",
    "planned": "blue",
}
#: Rules as tables name them.
RULES = {
    Rule.EXACT: "exact",
    Rule.TOLERANCE: "tolerance",
    Rule.EVENTS_AT_LEAST_LEGACY: "at least",
    Rule.LEGACY_AT_LEAST_EVENTS: "at most",
    Rule.INFORMATIONAL: "none",
}


def out() -> Console:
    """Standard output: results; wide where it goes to a file or a pipe, so that nothing is cut."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=WIDE)


def err() -> Console:
    """Standard error: progress and remarks."""
    return Console(stderr=True, highlight=False)


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
    """Progress callbacks: a bar over partitions with rows per second and the time left.

    ``done`` of ``steps`` partitions have been worked on to their end, each counted once.
    """

    def __init__(self, progress: Progress, steps: int) -> None:
        super().__init__(progress.console)
        self.steps = steps
        self._done: set[tuple[tuple[Pair, ...], IdRange]] = set()
        self._progress = progress
        self._task = progress.add_task("", total=steps, rate="")
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
        key = (tuple(load_result.pair for load_result in load_results), load_results[0].ids)
        if key not in self._done:
            self._done.add(key)
            self._progress.advance(self._task)
        self._show()

    @property
    def done(self) -> int:
        """Partitions of scans that have been worked on to their end."""
        return len(self._done)

    def _show(self) -> None:
        elapsed = self._progress.tasks[self._task].elapsed or 0
        rows = self._rows + self._reading
        rate = f"{rows / elapsed:,.0f} rows/s" if elapsed > 0 else ""
        self._progress.update(self._task, description=self._what, rate=rate)


@contextmanager
def progress_bar(steps: int, *, quiet: bool = False) -> Iterator[Bar]:
    """A bar over ``steps`` partitions of scans, on stderr; plain lines where it is no terminal."""
    progress = Progress(
        SpinnerColumn(),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.description}"),
        console=err(),
        disable=quiet,
        redirect_stdout=False,
    )
    with progress:
        yield Bar(progress, steps)


def look_outside(pairs: Sequence[Pair], settings: Settings, told: Callable[[str], None]) -> Outside:
    """The ids of the pairs' entities that no grid holds; says on stderr what is looked at.

    ``told`` hears what else should be known.
    """
    from metric_assets.operations import ranges

    with err().status("ids") as status:
        return ranges.look_outside(pairs, settings, status.update, told)


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


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Table:
    """A table; numbers right and never broken, words that are a status coloured."""
    shown = Table(
        title=title,
        title_justify="left",
        header_style="bold",
        box=SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    numeric = [
        all(isinstance(row[i], int | float | None) for row in rows) for i in range(len(columns))
    ]
    for column, is_number in zip(columns, numeric, strict=True):
        shown.add_column(
            column,
            justify="right" if is_number else "left",
            overflow="fold",
            no_wrap=is_number,
        )
    for row in rows:
        shown.add_row(*(_cell(value) for value in row))
    return shown


def _cell(value: object) -> Text:
    match value:
        case None:
            return Text("-")
        case bool():
            return Text(str(value).lower())
        case int():
            return Text(f"{value:,}")
        case float():
            return Text(f"{value:.6f}".rstrip("0").rstrip(".") if value % 1 else f"{value:,.0f}")
        case _:
            text = str(value)
            return Text(text, style=STYLES.get(text.split(":", maxsplit=1)[0], ""))
