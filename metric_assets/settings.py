"""What the operator decides, read once from the environment and checked.

Belongs here: names, defaults and checks of the settings. Does not belong here: a connection to
anything, or knowledge of Dagster; secrets stay in URLs and are never shown.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, TypeGuard
from urllib.parse import urlsplit

from metric_assets.catalog import ENTITIES
from metric_assets.errors import SettingsError
from metric_assets.ranges import Grid

POSTGRES_URL = "METRIC_ASSETS_POSTGRES_URL"
CLICKHOUSE_URL = "METRIC_ASSETS_CLICKHOUSE_URL"
DAGSTER_POSTGRES_URL = "METRIC_ASSETS_DAGSTER_POSTGRES_URL"
TARGET_TABLE = "METRIC_ASSETS_TARGET_TABLE"
CUTOFF = "METRIC_ASSETS_CUTOFF"
CUTOFFS = "METRIC_ASSETS_CUTOFFS"
RANGES = "METRIC_ASSETS_RANGES"
MODE = "METRIC_ASSETS_MODE"
MAX_REMOVED_SHARE = "METRIC_ASSETS_MAX_REMOVED_SHARE"
MAX_REPLICA_LAG = "METRIC_ASSETS_MAX_REPLICA_LAG_SECONDS"
STATEMENT_TIMEOUT = "METRIC_ASSETS_STATEMENT_TIMEOUT_SECONDS"
RECONCILE_CRON = "METRIC_ASSETS_RECONCILE_CRON"
LIVE_LAG = "METRIC_ASSETS_LIVE_LAG_SECONDS"
CLOCK_SKEW = "METRIC_ASSETS_CLOCK_SKEW_SECONDS"
AUDIT_DAYS = "METRIC_ASSETS_AUDIT_DAYS"
HOME = "METRIC_ASSETS_HOME"

#: Partitions of one entity beyond which no grid makes sense.
MAX_PARTITIONS = 10_000

MODES = ("auto", "replace", "append")

_TABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")


@dataclass(frozen=True)
class Settings:
    """Everything that steers a run but the two store URLs, which Dagster resolves when it runs.

    ``cutoff`` and ``cutoffs`` are exclusive instants, UTC, at most milliseconds fine; ``grids``
    holds only what differs from the catalogue's defaults. ``max_removed_share`` is the share of
    what is present (0 to 1) that one plan, and one run, may remove; nothing is removed by what a
    replica shows that lags more than ``max_replica_lag`` seconds. Times out a source statement
    after ``statement_timeout`` seconds. ``reconcile_cron`` (UTC) is when the checks are repeated.
    Live events may arrive ``live_lag`` seconds late, dated by a clock that differs from that of the
    source by ``clock_skew`` seconds. Scheduled checks compare every range with its source once in
    ``audit_days`` days; with 0 each time.
    """

    home: Path
    target_table: str = "entityMetricEvents"
    cutoff: datetime | None = None
    cutoffs: Mapping[str, datetime] = field(default_factory=dict)
    grids: Mapping[str, Grid] = field(default_factory=dict)
    mode: str = "auto"
    max_removed_share: float = 0.5
    max_replica_lag: float = 60.0
    statement_timeout: int = 1800
    #: Not at a full hour, when everybody's jobs start.
    reconcile_cron: str = "17 4 * * *"
    live_lag: float = 300.0
    clock_skew: float = 10.0
    audit_days: float = 7.0

    def cutoff_of(self, entity: str) -> datetime:
        """The cutoff of an entity type.

        Raises SettingsError if none is set, or if it lies in the future: every live event from now
        until then would count as surplus.
        """
        cutoff = self.cutoffs.get(entity, self.cutoff)
        if cutoff is None:
            raise SettingsError(
                f"{CUTOFF}: not set, and {CUTOFFS} has no {entity}. Set the instant of the first"
                " live event, for example 2025-10-01T00:00:00Z; `metric-assets doctor` shows what"
                " the target holds"
            )
        if cutoff > datetime.now(timezone.utc):
            name = f"{CUTOFFS}: {entity}" if entity in self.cutoffs else CUTOFF
            raise SettingsError(
                f"{name}: {cutoff.isoformat()} lies in the future; live events until then would be"
                " taken for surplus and removed. Set the instant of the first live event"
            )
        return cutoff

    def grid_of(self, entity: str) -> Grid:
        """The grid of an entity's ids."""
        return self.grids.get(entity, ENTITIES[entity].grid)

    @property
    def ranges_file(self) -> Path:
        """Where `metric-assets ranges --sync` writes grids and definitions read them."""
        return self.home / "ranges.json"

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read and check all settings; raises SettingsError naming the first that is wrong."""
        env = os.environ if environ is None else environ
        home = Path(env.get(HOME) or ".metric_assets").absolute()
        table = env.get(TARGET_TABLE) or "entityMetricEvents"
        if not _TABLE.fullmatch(table):
            raise SettingsError(
                f"{TARGET_TABLE}: {table!r} is not a plain table name (letters, digits, _); the"
                f" database is part of {CLICKHOUSE_URL}"
            )
        mode = env.get(MODE) or "auto"
        if mode not in MODES:
            raise SettingsError(f"{MODE}: {mode!r}, expected one of {', '.join(MODES)}")
        cutoff = env.get(CUTOFF)
        return cls(
            home=home,
            target_table=table,
            cutoff=parse_instant(CUTOFF, cutoff) if cutoff else None,
            cutoffs=_cutoffs(env.get(CUTOFFS) or "{}"),
            grids=_grids(home, env.get(RANGES)),
            mode=mode,
            max_removed_share=_number(env, MAX_REMOVED_SHARE, 0.5, 0.0, 1.0),
            max_replica_lag=_number(env, MAX_REPLICA_LAG, 60.0, 0.0, 86_400.0),
            statement_timeout=int(_number(env, STATEMENT_TIMEOUT, 1800, 1, 86_400)),
            reconcile_cron=env.get(RECONCILE_CRON) or cls.reconcile_cron,
            live_lag=_number(env, LIVE_LAG, cls.live_lag, 0.0, 86_400.0),
            clock_skew=_number(env, CLOCK_SKEW, cls.clock_skew, 0.0, 3_600.0),
            audit_days=_number(env, AUDIT_DAYS, cls.audit_days, 0.0, 3_650.0),
        )


def parse_instant(name: str, text: str) -> datetime:
    """An ISO 8601 instant in UTC; one without an offset is taken as UTC."""
    try:
        # Python 3.10 reads neither a trailing Z nor fractions of other than 3 or 6 digits.
        instant = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError:
        raise SettingsError(
            f"{name}: {text!r} is no instant; expected ISO 8601 in UTC: 2025-10-01T00:00:00Z"
        ) from None
    try:
        instant = instant.replace(tzinfo=instant.tzinfo or timezone.utc).astimezone(timezone.utc)
    except OverflowError:
        raise SettingsError(f"{name}: {text!r} lies outside the calendar in UTC") from None
    if instant.microsecond % 1000:
        raise SettingsError(
            f"{name}: {text!r} is finer than a millisecond, the resolution of the target"
        )
    return instant


def parse_grids(name: str, text: str) -> dict[str, Grid]:
    """Grids from JSON: ``{"User": {"size": 1000, "stop": 90000, "extra": [-1000]}}``.

    ``extra``, which may be absent, are the first ids of further cells.
    """
    grids = {}
    for entity, grid in _json_object(name, text).items():
        _known_entity(name, entity)
        if not _is_grid(grid):
            raise SettingsError(
                f'{name}: {entity}: expected {{"size": ids, "stop": id}}, with "extra": [ids] where'
                f" some lie far from the others, found {grid}"
            )
        try:
            grids[entity] = Grid(grid["size"], grid["stop"], tuple(grid.get("extra", ())))
        except SettingsError as error:
            raise SettingsError(f"{name}: {entity}: {error}") from None
        if len(grids[entity]) > MAX_PARTITIONS:
            raise SettingsError(
                f"{name}: {entity}: {len(grids[entity])} partitions; Dagster stays quick up to a"
                f" few hundred and is refused more than {MAX_PARTITIONS}: choose a larger size"
            )
    return grids


def dump_grids(grids: Mapping[str, Grid], *, indent: int | None = 2) -> str:
    """The JSON that parse_grids reads; ``extra`` stands in it where there is one."""
    rows = {
        name: {"size": grid.size, "stop": grid.stop}
        | ({"extra": list(grid.extra)} if grid.extra else {})
        for name, grid in sorted(grids.items())
    }
    return json.dumps(rows, indent=indent) + "\n"


def _is_grid(grid: object) -> TypeGuard[dict[str, Any]]:
    """Whether JSON has the shape of a grid; whether its numbers fit, Grid says."""
    if not isinstance(grid, dict) or not {"size", "stop"} <= set(grid) <= {"size", "stop", "extra"}:
        return False
    extra = grid.get("extra", [])
    if not isinstance(extra, list):
        return False
    return all(type(number) is int for number in (grid["size"], grid["stop"], *extra))


def store_url(name: str, schemes: tuple[str, ...], environ: Mapping[str, str] | None = None) -> str:
    """A store's URL from the environment; raises SettingsError without ever showing it."""
    url = (os.environ if environ is None else environ).get(name, "")
    if not url:
        raise SettingsError(
            f"{name}: not set; expected {schemes[0]}://user:password@host:port/database."
            " For a first look `metric-assets local up` starts an embedded stack"
        )
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise SettingsError(f"{name}: cannot be read as a URL") from None
    if parts.scheme not in schemes:
        raise SettingsError(f"{name}: expected {' or '.join(schemes)}, found {parts.scheme!r}")
    return url


def _cutoffs(text: str) -> dict[str, datetime]:
    cutoffs = {}
    for entity, instant in _json_object(CUTOFFS, text).items():
        _known_entity(CUTOFFS, entity)
        if not isinstance(instant, str):
            raise SettingsError(f"{CUTOFFS}: {entity}: expected a string, found {instant!r}")
        cutoffs[entity] = parse_instant(f"{CUTOFFS}: {entity}", instant)
    return cutoffs


def _grids(home: Path, text: str | None) -> dict[str, Grid]:
    if text:
        return parse_grids(RANGES, text)
    file = home / "ranges.json"
    try:
        return parse_grids(str(file), file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        reason = error.strerror
    except UnicodeDecodeError:
        reason = "it is not UTF-8 text"
    raise SettingsError(f"{file}: cannot be read: {reason}. Make it readable, or set {RANGES}")


def _json_object(name: str, text: str) -> dict[str, object]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise SettingsError(f"{name}: not JSON: {error}") from None
    if not isinstance(value, dict):
        raise SettingsError(f"{name}: expected a JSON object, found {type(value).__name__}")
    return value


def _known_entity(name: str, entity: str) -> None:
    if entity not in ENTITIES:
        raise SettingsError(
            f"{name}: {entity!r} is not an entity type; known: {', '.join(ENTITIES)}"
        )


def _number(
    env: Mapping[str, str], name: str, default: float, lowest: float, highest: float
) -> float:
    text = env.get(name)
    try:
        number = float(text) if text else default
    except ValueError:
        number = float("nan")
    if not lowest <= number <= highest:
        raise SettingsError(f"{name}: {text!r}, expected a number from {lowest:g} to {highest:g}")
    return number
