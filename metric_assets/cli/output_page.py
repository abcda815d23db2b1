"""docs/reference/output.md: `python -m metric_assets.cli.output_page > docs/reference/output.md`.

Belongs here: the words and tables of that page. Does not belong here: a key (documents, shapes).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

from metric_assets.cli.documents import COMMON, DOCUMENTS
from metric_assets.cli.shape import CODES, Key, Shape
from metric_assets.cli.shapes import ROWS
from metric_assets.markdown import table

_HEAD = """\
<!-- Written by `python -m metric_assets.cli.output_page > docs/reference/output.md`. Change
metric_assets/cli/documents.py, shape.py or shapes.py, then run it again. -->

# Exit codes and JSON

## Exit codes

| code | meaning |
|---|---|
| 0 | done and clean; of `backfill --submit`: it waits for the daemon |
| 1 | something differs or failed: counters, partitions (busy ones too), ids in no partition, a finding of `doctor`; in a dry run, too |
| 2 | wrong use; a setting or a store cannot be used |
| 70 | a defect of ours: one line, and the traceback in a file below `METRIC_ASSETS_HOME/logs` |
| 130 | interrupted (Ctrl-C, SIGTERM): what is done is kept, the same command goes on |

## Terminals

A table that is wider than the terminal loses columns, the least important first, and a line below it names them; where that is not
enough, each row becomes a few lines. A number is never broken over two lines. Output that goes to a file or a pipe has all columns;
`COLUMNS` in the environment sets the width there. Progress goes to stderr: a bar on a terminal, elsewhere (CI) a line every ten seconds.

## JSON

With `--json` a command prints one JSON object on stdout and nothing else; progress and messages go to stderr. Numbers are
numbers, states are codes from fixed lists, instants are ISO 8601 in UTC. A command that ends with 2, 70 or 130 prints an object as
well: the keys of every document, and what it has got so far.

```
metric-assets reconcile --json | jq -r '.pairs[] | select(.status != "ok") | .pair'
```

A `?` after a type says that it may be null.
"""  # noqa: E501 - lines of a page

#: A name within a type: of a row, of codes, or of JSON.
_NAME = re.compile(r"[a-z_]+")


def page() -> str:
    """The page."""
    return "\n".join(_blocks())


def _blocks() -> Iterator[str]:
    yield _HEAD
    yield "### Every document\n"
    yield _table(COMMON)
    for command, shape in DOCUMENTS.items():
        yield f"### {command}\n"
        yield _table(shape)
    yield "## Rows\n"
    for name, shape in ROWS.items():
        yield f"### {_heading(name)}\n"
        yield _table(shape)
    yield "## Codes\n"
    yield table(
        ("codes", "values"),
        ((name, ", ".join(f"`{value}`" for value in values)) for name, values in CODES.items()),
    )


def _table(shape: Shape) -> str:
    """A line a meaning: neighbours that share one stand together."""
    groups: dict[Key, list[str]] = {}
    for name, key in shape.items():
        groups.setdefault(key, []).append(f"`{name}`")
    return table(
        ("key", "type", "meaning"),
        ((", ".join(names), _type(key.type), key.meaning) for key, names in groups.items()),
    )


def _type(text: str) -> str:
    """A type in words, with a link to the row or the codes that it names."""
    inner = _NAME.sub(lambda found: _linked(found[0]), text.strip("[]{}?"))
    if text.startswith("["):
        inner = f"array of {inner}"
    if text.startswith("{"):
        inner = f"object of {inner}"
    return f"{inner}?" if text.endswith("?") else inner


def _linked(name: str) -> str:
    if name in CODES:
        return f"[code](#codes): {name}"
    if name not in ROWS:
        return name
    anchor = _heading(name).lower().replace(" ", "-")
    return f"[{name.replace('_', ' ')}](#{anchor})"


def _heading(name: str) -> str:
    """The heading of a row: its name with the article."""
    article = "An" if name[0] in "aeiou" else "A"
    return f"{article} {name.replace('_', ' ')}"


if __name__ == "__main__":
    sys.stdout.write(page())
