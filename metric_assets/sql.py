"""Statements by name: text on disk in, a checked statement out.

Belongs here: where the .sql files lie and what they ask to be bound. Does not belong here: how a
store quotes or sends what is bound (stores), or any SQL text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from metric_assets.errors import MetricAssetsError

#: Comments and strings, which are skipped. Postgres, as psql writes them: ``:name`` (a value) and
#: ``:"name"`` (a table, a column or several), but neither ``::type`` nor a colon inside a word.
#: ClickHouse: ``{name:Type}``, where the type of a table or column is Identifier.
_TOKEN = re.compile(
    r"--[^\n]*|'(?:[^']|'')*'|(?<![:\w]):(?P<plain>[a-z_]+)\b|(?<![:\w]):\"(?P<quoted>[a-z_]+)\""
    r"|\{(?P<typed>[a-z_]+):(?P<type>[^}]+)\}"
)
#: The type of a placeholder that stands for a name.
IDENTIFIER = "Identifier"

#: Gives the text that stands for a placeholder, from its name and its type; values of Postgres have
#: none.
Place = Callable[[str, str | None], str]


class StatementError(MetricAssetsError):
    """A statement is missing, or is given other binds than its text asks for."""


@dataclass(frozen=True)
class Statement:
    """One SQL text: ``name`` is its path below sql/ without the ending."""

    name: str
    text: str
    description: str
    placeholders: frozenset[str]

    def fill(self, place: Place) -> str:
        """The text with every placeholder replaced; comments and strings stay as they are."""

        def replaced(found: re.Match[str]) -> str:
            name = _name(found)
            kind = IDENTIFIER if found["quoted"] else found["type"]
            return place(name, kind) if name else found[0]

        return _TOKEN.sub(replaced, self.text)

    def check(self, binds: Iterable[str]) -> None:
        """Raise StatementError unless exactly the placeholders of the text are bound."""
        bound = frozenset(binds)
        if bound != self.placeholders:
            missing = sorted(self.placeholders - bound)
            unknown = sorted(bound - self.placeholders)
            raise StatementError(
                f"sql/{self.name}.sql: missing binds {missing}, binds it does not ask for {unknown}"
            )


def root() -> Path:
    """The folder sql/: beside the package in a checkout, inside it once installed."""
    package = Path(__file__).parent
    installed = package / "_data" / "sql"
    return installed if installed.is_dir() else package.parent / "sql"


def path(name: str, folder: Path | None = None) -> Path:
    """The file of a statement in a folder, by default ours."""
    return (folder or root()) / f"{name}.sql"


@cache
def load(name: str, folder: Path | None = None) -> Statement:
    """Read a statement; raises StatementError if there is none of that name."""
    file = path(name, folder)
    if not file.is_file():
        raise StatementError(f"sql/{name}.sql: no such statement in {folder or root()}")
    text = file.read_text(encoding="utf-8")
    head = re.match(r"(?:--[^\n]*\n)*", text)
    comment = head.group() if head else ""
    lines = (line.removeprefix("--").strip() for line in comment.splitlines())
    names = map(_name, _TOKEN.finditer(text))
    placeholders = frozenset(name for name in names if name)
    return Statement(name, text[len(comment) :].strip(), " ".join(lines), placeholders)


def _name(found: re.Match[str]) -> str | None:
    """The placeholder's name; None for a comment or a string."""
    return found["plain"] or found["quoted"] or found["typed"]
