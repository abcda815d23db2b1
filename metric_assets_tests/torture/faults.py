"""The faults: what happens to a backfill, and how often of a deck; one deck for targets that surplus
is deleted from, one for replicated ones.

Belongs here: names, steps, victims. Does not belong here: how they strike (strikes, managed).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from metric_assets_tests.torture.cases import SUMMED
from metric_assets_tests.torture.child import Point


@dataclass(frozen=True)
class Fault:
    """What happens to a backfill: ``victim`` is killed at ``point``, or at random if there is none.

    ``kind`` other than ``kill``: ``race`` (two children at once), ``stall`` (stopped at the point,
    woken after another backfill has finished), ``command`` (the command line is killed), ``managed``
    (runs that Dagster's daemon has launched; the daemon is killed, or all of Dagster), ``undo`` (the
    undo of a backfill is struck; ``both``: the backfill is killed at the point as well). ``delay`` puts a slow
    way before ClickHouse.
    """

    name: str
    point: Point | None = None
    victim: str = "client"
    drift: str = "any"
    kind: str = "kill"
    table: str = ""
    delay: float = 0.0
    both: bool = False


def _named(name: str, step: str, when: str, drift: str = "any", **more: Any) -> Fault:
    other = {
        key: more.pop(key) for key in ("table", "victim", "delay", "kind", "both") if key in more
    }
    return Fault(name, Point(step, when, **more), drift=drift, **other)


_STEPS = (
    ("while reading", "read", "before", "any", 3),
    ("after the read", "read/end", "before", "any", 1),
    ("during the first insert into the stage", "insert", "during", "stages", 1),
    ("between chunks", "insert", "after", "stages", 2),
    ("after the stage, before the plan", "clickhouse/stage_summary", "after", "stages", 1),
    ("during the difference", "clickhouse/difference", "during", "differs", 1),
    ("before attaching", "clickhouse/attach", "before", "empty", 1),
    ("while attaching", "clickhouse/attach", "during", "empty", 1),
    ("after attaching, before the read-back", "clickhouse/attach", "after", "empty", 1),
    ("during the insert of one metric of several", "clickhouse/publish", "during", "partial", 1),
    ("during the insert of a difference", "clickhouse/insert_missing", "during", "differs", 1),
    ("between insert and delete", "clickhouse/insert_missing", "after", "differs", 1),
    ("before the delete, surplus known", "clickhouse/remove", "before", "differs", 1),
    ("during the delete", "clickhouse/remove", "during", "differs", 1),
    ("between apply and read-back", "clickhouse/remove", "after", "differs", 2),
    ("after the read-back, not yet recorded", "clickhouse/scope_summary", "after", "differs", 2),
    ("between two drops of private tables", "clickhouse/drop", "after", "differs", 1),
)
#: Steps where surplus is compensated: a table with a view, or a replicated one.
_COMPENSATING_STEPS = (
    ("before the publishing", "clickhouse/publish", "before", "empty", 1),
    ("during the publishing", "clickhouse/publish", "during", "empty", 1),
    ("between publishing and read-back", "clickhouse/publish", "after", "empty", 1),
    ("during the insert of one metric of several", "clickhouse/publish", "during", "partial", 1),
    ("before the compensation", "clickhouse/insert_missing", "before", "differs", 1),
    ("during the compensation", "clickhouse/insert_missing", "during", "differs", 1),
    ("between compensation and read-back", "clickhouse/insert_missing", "after", "differs", 1),
    ("after the read-back, not yet recorded", "clickhouse/scope_summary", "after", "differs", 2),
)
#: Steps of a backfill that neither attaches nor deletes.
_REPLICATED_STEPS = (
    *(
        step
        for step in _STEPS
        if step[1] in {"read", "read/end", "insert", "clickhouse/stage_summary"}
        or step[1] in {"clickhouse/difference", "clickhouse/drop"}
    ),
    *_COMPENSATING_STEPS,
)
#: Done by the server, and the answer is on its way.
_ON_ITS_WAY = (
    ("attached, not yet heard of", "clickhouse/attach", "empty"),
    ("deleted, not yet heard of", "clickhouse/remove", "differs"),
)
_PUBLISHED_ON_ITS_WAY = (
    ("published, not yet heard of", "clickhouse/publish", "empty"),
    ("compensated, not yet heard of", "clickhouse/insert_missing", "differs"),
)
_SERVER_STEPS = {
    "clickhouse": ("insert", "between", "difference", "attaching", "delete", "read-back"),
    "postgres": ("while reading", "between chunks", "before attaching", "before the delete"),
}
_REPLICATED_SERVER_STEPS = {
    "clickhouse": ("insert", "between", "difference", "publishing", "compensation", "read-back"),
    "postgres": ("while reading", "between chunks", "before the publishing", "before the comp"),
}

#: Steps of an undo; the last four only where surplus is deleted.
_UNDO_STEPS = (
    ("before it is written down", "clickhouse/record", "before", "differs"),
    ("written down, nothing put back", "clickhouse/record", "after", "differs"),
    ("during the insert", "clickhouse/insert_missing", "during", "differs"),
    ("after the insert", "clickhouse/insert_missing", "after", "differs"),
    ("during the delete", "clickhouse/remove", "during", "differs"),
    ("after the delete", "clickhouse/remove", "after", "differs"),
    ("while a first load is taken out", "clickhouse/remove_scope", "during", "empty"),
    ("after a first load was taken out", "clickhouse/remove_scope", "after", "empty"),
)
_SERVER_UNDO_STEPS = {"written down, nothing put back", "during the insert", "during the delete",
                      "while a first load is taken out"}  # fmt: skip


def _undo_faults(steps: Sequence[tuple[str, str, str, str]]) -> tuple[Fault, ...]:
    """Undoing of backfills, struck at each step; ClickHouse killed at those that run on it."""
    return tuple(
        _named(f"undo{whose}: {name}", step, when, drift, kind="undo", victim=victim)
        for victim, whose in (("client", ""), ("clickhouse", ", clickhouse"))
        for name, step, when, drift in steps
        if victim == "client" or name in _SERVER_UNDO_STEPS
    )


#: Rounds that no layout of the target makes any difference to.
_COMMON: tuple[Fault, ...] = (
    *(
        _named(f"view: {name}", step, when, drift, nth=nth, table=SUMMED)
        for name, step, when, drift, nth in _COMPENSATING_STEPS
    ),
    *[Fault("view: at a random time", table=SUMMED)] * 2,
    *[Fault("at a random time")] * 7,
    *[Fault("clickhouse: at a random time", victim="clickhouse")] * 3,
    *[Fault("postgres: at a random time", victim="postgres")] * 2,
    *[Fault("two backfills at once", kind="race", victim="none")] * 2,
    *[Fault("two backfills at once, one killed", kind="race")] * 2,
    Fault("slow answers: at a random time", delay=0.1),
    Fault("slow answers: clickhouse at a random time", victim="clickhouse", delay=0.1),
    *[Fault("command line: at a random time", kind="command")] * 2,
    _named("command line: after the read-back, not yet recorded", "dagster/record", "before",
           "differs", kind="command"),
    _named("command line: while Dagster records it", "dagster/record", "after", "differs",
           nth=2, kind="command"),
    _named("undo, view: during the compensation", "clickhouse/insert_missing", "during", "differs",
           kind="undo", table=SUMMED),
    _named("undo, postgres: after the insert", "clickhouse/insert_missing", "after", "differs",
           kind="undo", victim="postgres"),
    Fault("undo: at a random time", kind="undo", drift="stages"),
    _named("undo of a backfill, both killed after an insert", "clickhouse/insert_missing", "after",
           "differs", kind="undo", both=True),
    Fault("daemon: at a random time", kind="managed", victim="daemon", table="ownEvents"),
    Fault("daemon, webserver, code server and runs: at a random time", kind="managed",
          victim="dagster", table="ownEvents"),
)  # fmt: skip

FAULTS: tuple[Fault, ...] = (
    *(_named(name, step, when, drift, nth=nth) for name, step, when, drift, nth in _STEPS),
    _named("between two partitions attached", "clickhouse/attach", "after", "empty", nth=4,
           table="monthlyEvents"),
    *(
        _named(f"{victim}: {name}", step, when, drift, nth=nth, victim=victim)
        for victim, words in _SERVER_STEPS.items()
        for name, step, when, drift, nth in _STEPS
        if any(word in name for word in words)
    ),
    Fault("stalled before attaching, woken after the retry",
          Point("clickhouse/attach"), "none", "empty", "stall"),
    Fault("stalled before a difference is written, woken after the retry",
          Point("clickhouse/insert_missing"), "none", "differs", "stall"),
    Fault("stalled before the delete, woken after the retry",
          Point("clickhouse/remove"), "none", "differs", "stall"),
    *(_named(f"slow answers: {name}", step, "during", drift, delay=0.25)
      for name, step, drift in _ON_ITS_WAY),
    *_undo_faults(_UNDO_STEPS),
    *_COMMON,
)  # fmt: skip

#: The deck where every target is replicated.
REPLICATED_FAULTS: tuple[Fault, ...] = (
    *(_named(name, step, when, drift, nth=nth) for name, step, when, drift, nth in _REPLICATED_STEPS),
    *(
        _named(f"{victim}: {name}", step, when, drift, nth=nth, victim=victim)
        for victim, words in _REPLICATED_SERVER_STEPS.items()
        for name, step, when, drift, nth in _REPLICATED_STEPS
        if any(word in name for word in words)
    ),
    Fault("stalled before the publishing, woken after the retry",
          Point("clickhouse/publish"), "none", "empty", "stall"),
    Fault("stalled before a difference is written, woken after the retry",
          Point("clickhouse/insert_missing"), "none", "differs", "stall"),
    *(_named(f"slow answers: {name}", step, "during", drift, delay=0.25)
      for name, step, drift in _PUBLISHED_ON_ITS_WAY),
    *_undo_faults(_UNDO_STEPS[:4]),
    *_COMMON,
)  # fmt: skip
