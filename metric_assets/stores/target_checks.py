"""Which tables cannot be a target: those that would not hold events for good, as plain rows."""

from __future__ import annotations

import re

from metric_assets.errors import TargetError
from metric_assets.stores.clickhouse import ClickHouse
from metric_assets.stores.layout import COLUMNS, INTEGER, TIME, Layout, integer_bounds

#: Engines that keep every row as it was inserted. Others merge rows, forward them, keep none or
#: lose them at a restart.
ENGINES = ("MergeTree", "ReplicatedMergeTree", "SharedMergeTree")
_TEXT = re.compile(r"(LowCardinality\()?String\)?")
_TTL = re.compile(r"\bTTL\b(.*?)(?=\bSETTINGS\b|\bCOMMENT\b|$)", re.DOTALL)
_MOVES = re.compile(r"\b(TO\s+(DISK|VOLUME)|RECOMPRESS)\b")
_CHECK = re.compile(r"\bCONSTRAINT\s+\S+\s+CHECK\b(.*)", re.DOTALL)


def check_layout(layout: Layout, table: str) -> None:
    """Raise TargetError if the table cannot hold events for good, as plain rows."""
    if layout.engine not in ENGINES:
        raise TargetError(
            f"{table}: its engine is {layout.engine or 'unknown'}, but events need one that keeps"
            f" every row as it was inserted: {', '.join(ENGINES)}. Others merge equal rows"
            " away, forward them or hold none; name a table of such an engine in"
            " METRIC_ASSETS_TARGET_TABLE"
        )
    if clause := _deleting_ttl(layout):
        raise TargetError(
            f"{table}: it has a TTL ({clause}), which would delete or change backfilled events"
            " because they are old; take it off (ALTER TABLE … REMOVE TTL) first"
        )
    if layout.filtered:
        raise TargetError(
            f"{table}: a row policy hides rows of it from our user, so events that are there"
            " would be inserted again; let the user see every row, or use another"
        )
    wanted = {name: _TEXT if name.endswith("Type") else INTEGER for name in COLUMNS}
    wanted["createdAt"] = TIME
    for name, kind in wanted.items():
        found = layout.columns.get(name)
        if found is None or not kind.fullmatch(found):
            raise TargetError(
                f"{table}: column {name} is {found or 'absent'}; events need"
                f" {', '.join(COLUMNS)} as in sql/clickhouse/target.sql, integers of any width"
            )
        # A DEFAULT is for what is left out, and we leave out nothing.
        if layout.kinds.get(name) not in {None, "", "DEFAULT"}:
            raise TargetError(
                f"{table}: column {name} is {layout.kinds[name]}, so what is inserted is not what"
                " is kept; make it an ordinary column"
            )


def check_compensation(layout: Layout, table: str) -> None:
    """Raise TargetError if the table cannot hold the negation of an event."""
    if integer_bounds(layout.columns["metricValue"])[0] >= 0:
        raise TargetError(
            f"{table}: metricValue is {layout.columns['metricValue']}, but surplus has to be"
            f" compensated by negative events here ({layout.append_only or layout.costly});"
            " make the column a signed integer"
        )
    found = _CHECK.search(layout.bare)
    if found and "metricValue" in found[1]:
        raise TargetError(
            f"{table}: a CHECK constraint speaks of metricValue, and surplus has to be"
            f" compensated by negative events here ({layout.append_only or layout.costly});"
            " drop the constraint"
        )


def _deleting_ttl(layout: Layout) -> str:
    """The first TTL that does more than move rows between disks; empty if there is none."""
    for found in _TTL.finditer(layout.bare):
        if not all(_MOVES.search(element) for element in _elements(found[1])):
            return found[0].strip()
    return ""


def _elements(text: str) -> list[str]:
    """The parts of a list between commas that are not in parentheses."""
    depth, elements = 0, [""]
    for char in text:
        depth += (char == "(") - (char == ")")
        if depth < 0:
            break  # The end of the list of columns.
        if char == "," and depth == 0:
            elements.append("")
        else:
            elements[-1] += char
    return elements


def check_servers(layout: Layout, table: str, store: ClickHouse) -> None:
    """Raise TargetError if statements of one run may reach servers that do not see the same."""
    servers = store.servers
    if len(servers) < 2 or (layout.shared and layout.cluster):
        return
    why = (
        "no name in system.clusters covers them, so statements of a dead run on another of them"
        " could not be found"
        if layout.shared
        else f"{table} is a {layout.engine}: the staging table of a run is on one of them only"
    )
    raise TargetError(
        f"METRIC_ASSETS_CLICKHOUSE_URL: {store.address} is answered by {len(servers)}"
        f" servers, {' and '.join(servers)}, but {why}. Name the address of one of them, or a"
        " balancer that keeps a client on one server"
    )
