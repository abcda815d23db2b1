"""Tables that fit the terminal: all columns, or fewer, or a few lines a row. No number is broken.

A command calls show() with its columns and plain values, ``drop`` names columns that may go, the
least important first, ``prose`` those whose text may be broken over lines.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

#: Columns of output that no terminal shows.
WIDE = 240
#: Least columns of a terminal for which anything is laid out.
NARROWEST = 20
#: Least columns for text that may be broken.
_PROSE = 20

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

#: What a cell may hold.
Value = object
Rows = Sequence[Sequence[Value]]


def out() -> Console:
    """Standard output: results; wide where it goes to a file or a pipe, so that nothing is cut."""
    console = Console(highlight=False)
    if console.is_terminal:
        return console
    given = os.environ.get("COLUMNS", "")
    return Console(highlight=False, width=int(given) if given.isdigit() else WIDE)


def err() -> Console:
    """Standard error: progress and remarks."""
    return Console(stderr=True, highlight=False)


def show(  # noqa: PLR0913 - a table, and what may go of it
    title: str,
    columns: Sequence[str],
    rows: Rows,
    *,
    drop: Sequence[str] = (),
    prose: Sequence[str] = (),
    console: Console | None = None,
) -> None:
    """Print a table as wide as the terminal allows; arguments as the module says."""
    console = console or out()
    width = max(console.width, NARROWEST)
    left = list(columns)
    for gone in [None, *drop]:
        left = [name for name in left if name != gone]
        built = _table(title, left, _of(columns, rows, left), prose)
        if _needed(built) <= width:
            console.print(built)
            break
    else:
        for line in _records(title, columns, rows, width):
            console.print(line)
        return
    if len(left) < len(columns):
        names = ", ".join(name for name in columns if name not in left)
        console.print(Text(f"Not shown in {width} columns: {names}.", style="dim"))


def _needed(table: Table) -> int:
    """The columns of a terminal that it needs: its own, two blanks between, one at each end."""
    widths = [column.min_width or 0 for column in table.columns]
    return sum(widths) + 2 * (len(widths) - 1) + 2


def _of(columns: Sequence[str], rows: Rows, left: Sequence[str]) -> Rows:
    places = [list(columns).index(name) for name in left]
    return [[row[place] for place in places] for row in rows]


def _table(title: str, columns: Sequence[str], rows: Rows, prose: Sequence[str]) -> Table:
    """All of it, each column at least as wide as what it must not break."""
    table = Table(
        title=title,
        title_justify="left",
        header_style="bold",
        box=SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    for place, name in enumerate(columns):
        cells = [cell(row[place]) for row in rows]
        is_number = all(isinstance(row[place], int | float | None) for row in rows)
        natural = max([cell_len(name), *(one.cell_len for one in cells)])
        table.add_column(
            name,
            justify="right" if is_number else "left",
            overflow="fold",
            no_wrap=name not in prose,
            min_width=min(natural, _PROSE) if name in prose else natural,
        )
    for row in rows:
        table.add_row(*map(cell, row))
    return table


def _records(title: str, columns: Sequence[str], rows: Rows, width: int) -> Iterator[Text]:
    """A row a paragraph: its first cell, then the others with their names, as many a line as fit.

    Only text that alone is wider than the terminal is broken.
    """
    yield Text(title, style="italic")
    for head, *others in rows:
        yield cell(head)
        line = Text()
        for name, value in zip(columns[1:], others, strict=True):
            piece = Text.assemble("  ", (f"{name} ", "dim"), cell(value))
            if line and line.cell_len + piece.cell_len > width:
                yield line
                line = Text()
            line.append_text(piece)
        yield line


def cell(value: Value) -> Text:
    """A value as a cell: numbers with separators, states coloured, nothing as a dash."""
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
