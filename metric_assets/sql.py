"""Statements by name: text on disk in, a checked statement out.

Belongs here: where the .sql files lie and what they ask to be bound. Does not belong here: how a
store quotes or sends what is bound (stores), or any SQL text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from metric_assets.errors import MetricAssetsError

_COMMENT = re.compile(r"--[^\n]*")
_STRING = re.compile(r"'(?:[^']|'')*'")
#: ``:name`` (Postgres), but neither ``::type`` nor a colon inside a word.
POSTGRES_BIND = re.compile(r"(?<![:\w]):([a-z_]+)\b")
#: ``{name:Type}`` (ClickHouse).
CLICKHOUSE_BIND = re.compile(r"\{([a-z_]+):([^}]+)\}")


class StatementError(MetricAssetsError):
    """A statement is missing, or is given other binds than its text asks for."""


@dataclass(frozen=True)
class Statement:
    """One SQL text: ``name`` is its path below sql/ without the ending."""

    name: str
    text: str
    description: str
    placeholders: frozenset[str]

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


def path(name: str) -> Path:
    """The file of a statement."""
    return root() / f"{name}.sql"


@lru_cache(maxsize=None)
def load(name: str) -> Statement:
    """Read a statement; raises StatementError if there is none of that name."""
    file = path(name)
    if not file.is_file():
        raise StatementError(f"sql/{name}.sql: no such statement in {root()}")
    text = file.read_text(encoding="utf-8")
    head = re.match(r"(?:--[^\n]*\n)*", text)
    comment = head.group() if head else ""
    lines = (line.removeprefix("--").strip() for line in comment.splitlines())
    bare = bare_text(text)
    placeholders = frozenset(POSTGRES_BIND.findall(bare)) | frozenset(
        name for name, _ in CLICKHOUSE_BIND.findall(bare)
    )
    return Statement(name, text[len(comment) :].strip(), " ".join(lines), placeholders)


def bare_text(text: str) -> str:
    """The text without comments and with empty string literals: what placeholders are found in."""
    return _STRING.sub("''", _COMMENT.sub("", text))
