"""Types of settings: how text becomes an instant or a grid, and how a refusal is worded."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated, Literal, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    TypeAdapter,
    ValidationError,
)
from pydantic.fields import FieldInfo

from metric_assets.errors import SettingsError
from metric_assets.ranges import Grid
from metric_assets.settings.names import CLICKHOUSE_URL, HISTORY_TABLE, REPAIRS_TABLE

#: Partitions of one entity beyond which no grid makes sense.
MAX_PARTITIONS = 10_000

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")


class _Cells(BaseModel):
    """A grid as JSON has it; whether its numbers fit, Grid says."""

    model_config = ConfigDict(strict=True, extra="forbid")
    size: int
    stop: int
    extra: list[int] = []


def _table_name(value: str) -> str:
    if not _PLAIN_NAME.fullmatch(value):
        raise ValueError(
            f"{value!r} is not a plain table name (letters, digits, _); the database is part of"
            f" {CLICKHOUSE_URL}"
        )
    if value in {HISTORY_TABLE, REPAIRS_TABLE}:
        raise ValueError(f"{value!r} is a table of ours beside targets; name the table of events")
    return value


def _code_url(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s/]\S*", value):
        raise ValueError(f"{value!r} is no address; expected https://host/path of the files")
    return value


def _instant(value: object) -> datetime:
    if isinstance(value, datetime):
        instant = value
    elif isinstance(value, str):
        try:
            # Python 3.10 reads neither a trailing Z nor fractions of other than 3 or 6 digits.
            instant = datetime.fromisoformat(value.strip().replace("Z", "+00:00"))
        except ValueError:
            raise ValueError(
                f"{value!r} is no instant; expected ISO 8601 in UTC: 2025-10-01T00:00:00Z"
            ) from None
    else:
        raise ValueError(f"expected a string, found {value!r}")  # noqa: TRY004 - pydantic's
    try:
        instant = instant.replace(tzinfo=instant.tzinfo or timezone.utc).astimezone(timezone.utc)
    except OverflowError:
        raise ValueError(f"{value!r} lies outside the calendar in UTC") from None
    if instant.microsecond % 1000:
        raise ValueError(f"{value!r} is finer than a millisecond, the resolution of the target")
    return instant


def _grid(value: object) -> Grid:
    if isinstance(value, Grid):
        return value
    try:
        cells = _Cells.model_validate(value)
        grid = Grid(cells.size, cells.stop, tuple(cells.extra))
    except ValidationError:
        raise ValueError(
            'expected {"size": ids, "stop": id}, with "extra": [ids] where some lie far from the'
            f" others, found {value}"
        ) from None
    except SettingsError as error:
        raise ValueError(str(error)) from None
    if len(grid) > MAX_PARTITIONS:
        raise ValueError(
            f"{len(grid)} partitions; Dagster stays quick up to a few hundred and is refused more"
            f" than {MAX_PARTITIONS}: choose a larger size"
        )
    return grid


def _json_object(value: object) -> object:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise ValueError(f"not JSON: {error}") from None
    if not isinstance(value, Mapping):
        raise ValueError(f"expected a JSON object, found {type(value).__name__}")  # noqa: TRY004
    return value


#: The name of a table that needs no quoting.
CodeUrl = Annotated[str, AfterValidator(_code_url)]
TableName = Annotated[str, AfterValidator(_table_name)]
#: ISO 8601, taken as UTC where it has no offset; carried in UTC, at most milliseconds fine.
Instant = Annotated[datetime, BeforeValidator(_instant)]
#: A JSON object from an entity type to an instant.
Instants = Annotated[Mapping[str, Instant], BeforeValidator(_json_object)]
#: A JSON object from an entity type to ``{"size": 1000, "stop": 90000, "extra": [-1000]}``;
#: ``extra``, which may be absent, are the first ids of further cells.
Grids = Annotated[
    Mapping[str, Annotated[Grid, BeforeValidator(_grid)]], BeforeValidator(_json_object)
]
_GRIDS: TypeAdapter[Mapping[str, Grid]] = TypeAdapter(Grids)


def parse_grids(name: str, text: str) -> Mapping[str, Grid]:
    """Grids from JSON; raises SettingsError that begins with ``name``."""
    try:
        return _GRIDS.validate_python(text)
    except ValidationError as error:
        raise refusal(error, name=name) from None


def read_grids(file: Path, instead: str) -> Mapping[str, Grid]:
    """Grids from a file, none if it does not exist.

    Raises SettingsError that names the file, and as a way out the variable ``instead``.
    """
    try:
        return parse_grids(str(file), file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        reason = error.strerror
    except UnicodeDecodeError:
        reason = "it is not UTF-8 text"
    raise SettingsError(f"{file}: cannot be read: {reason}. Make it readable, or set {instead}")


def dump_grids(grids: Mapping[str, Grid], *, indent: int | None = 2) -> str:
    """The JSON that parse_grids reads; ``extra`` stands in it where there is one."""
    rows = {
        name: {"size": grid.size, "stop": grid.stop}
        | ({"extra": list(grid.extra)} if grid.extra else {})
        for name, grid in sorted(grids.items())
    }
    return json.dumps(rows, indent=indent) + "\n"


def refusal(
    error: ValidationError, fields: Mapping[str, FieldInfo] | None = None, name: str = ""
) -> SettingsError:
    """Everything that is wrong, a line a value: ``NAME: what was found, what is expected``.

    ``fields`` by the names of their variables; ``name`` stands before each line where it is given.
    """
    lines = []
    for found in error.errors(include_url=False):
        path = [name, *found["loc"]] if name else [*found["loc"]]
        cause = found.get("ctx", {}).get("error")
        field = (fields or {}).get(str(path[0]))
        words = expected(field) if field else ""
        # What pydantic says by itself does not show the input, which may be a secret.
        text = cause or (f"{found['input']!r}, expected {words}" if words else found["msg"])
        lines.append(": ".join(map(str, [*path, text])))
    return SettingsError("\n".join(lines))


def expected(field: FieldInfo) -> str:
    """What values a field takes, in words: one of several, or a number and its bounds."""
    if get_origin(field.annotation) is Literal:
        return f"one of {', '.join(get_args(field.annotation))}"
    bounds = [getattr(rule, side) for rule in field.metadata for side in ("ge", "le")
              if hasattr(rule, side)]  # fmt: skip
    if not bounds:
        return ""
    whole = ", whole" if field.annotation is int else ""
    return f"a number from {min(bounds):g} to {max(bounds):g}{whole}"
