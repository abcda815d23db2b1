"""What the user may do in ClickHouse, against all that a run takes.

Belongs here: which grants those are, and the statement that gives one that is missing. Does not
belong here: what is done with them (target).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from metric_assets.doctor.findings import FAILED, REMARK, Finding, guarded
from metric_assets.errors import TargetError
from metric_assets.plan import Mode
from metric_assets.settings import REPAIRS_DAYS, REPAIRS_TABLE, Settings
from metric_assets.sql import load
from metric_assets.stores.clickhouse import ClickHouse

#: Questions, sql/doctor/clickhouse_may_*.sql, of the target and of tables beside it. The mirror of
#: ModelVersion is replaced by partition, which takes as much as removing does.
_OF_TARGET = ("read", "insert", "remove")
_OF_OTHERS = ("create", "drop", *_OF_TARGET)
#: Of the record of changes, which is made when it is first written.
_OF_RECORD = ("create", "read", "insert")
_GRANT = re.compile(r"CHECK GRANT (.+) ON ")


def examine(
    store: ClickHouse, table: str, mode: Mode, *, replicas: bool = False
) -> Iterator[Finding]:
    """Every grant that a run takes; the first finding is about those without which none ends well.

    ``replicas``: the table has several, one of which has to catch up with the others.

    Ending statements and mutations of one's own (KILL) takes no grant of its own, but that of what
    is ended; see the finding about ending deletes.
    """
    who = store.frame(load("doctor/clickhouse_server"), {}).row(0, named=True)
    try:
        of_target = [name for name in _OF_TARGET if name != "remove" or mode is Mode.REPLACE]
        of_target += ["sync"] if replicas else []
        yield _privileges(store, table, of_target, who["user"], who["database"])
        if mode is Mode.REPLACE:
            yield _ending(store, table, who["user"], who["database"])
    except TargetError:
        yield Finding(
            f"Target {table}: privileges",
            "this server cannot be asked about single privileges (CHECK GRANT)",
            f"Look at SHOW GRANTS: {_words(_OF_TARGET)} on {table}; {_words(_OF_OTHERS)} on its"
            " database",
            REMARK,
        )
    yield from guarded(f"Target {table}: system tables", _looking(store, table), _LOOK)


def examine_record(store: ClickHouse, settings: Settings) -> Iterator[Finding]:
    """Whether changes can be written down: a run that cannot do so changes nothing."""
    subject = f"Target {settings.target_table}: record of changes"
    days = settings.repairs_days
    if not days:
        yield Finding(
            subject,
            f"{REPAIRS_DAYS} is 0: changes are not recorded, and no run can be undone",
            f"Set {REPAIRS_DAYS} to the days for which they should be kept",
            REMARK,
        )
        return
    exists = not store.frame(load("clickhouse/existing"), {"tables": [REPAIRS_TABLE]}).is_empty()
    questions = [name for name in _OF_RECORD if not (exists and name == "create")]
    refused = ", ".join(_refused(store, REPAIRS_TABLE, questions))
    if refused:
        yield Finding(
            subject,
            f"what a run changes is written down in {REPAIRS_TABLE} first, and the user lacks"
            f" {refused} on it: runs would be refused",
            f"GRANT {refused} ON {REPAIRS_TABLE} TO the user, or make the table beforehand"
            " (docs/reference/repairs.md)",
            FAILED,
        )
        return
    yield Finding(
        subject, f"in {REPAIRS_TABLE}, kept for {days} days; `metric-assets undo` lists them"
    )


def _privileges(
    store: ClickHouse, table: str, of_target: list[str], user: str, database: str
) -> Finding:
    subject = f"Target {table}: privileges"
    refused = {
        f"{database}.{table}": _refused(store, table, of_target),
        # Grants may be given by the prefix of a name, so a name is asked for, not the database.
        f"{database}.*": _refused(store, f"{table}__doctor", _OF_OTHERS),
    }
    lacking = {where: ", ".join(grants) for where, grants in refused.items() if grants}
    if lacking:
        return Finding(
            subject,
            f"{user} lacks "
            + " and ".join(f"{what} on {where}" for where, what in lacking.items())
            + f"; {database}.* is for private tables, {table}__…",
            "; ".join(f"GRANT {what} ON {where} TO {user}" for where, what in lacking.items()),
            FAILED,
        )
    return Finding(
        subject,
        f"all that loading takes: {_words(of_target)} on {table}; {_words(_OF_OTHERS)} on private"
        " tables beside it",
    )


def _ending(store: ClickHouse, table: str, user: str, database: str) -> Finding:
    """A delete that outlived its run is ended by KILL MUTATION, with the grant of its kind."""
    subject = f"Target {table}: ending deletes"
    if not _refused(store, table, ["update"]):
        return Finding(subject, "ALTER UPDATE and ALTER DELETE, whichever this version asks for")
    return Finding(
        subject,
        f"{user} lacks ALTER UPDATE on {database}.{table}: 26.9 ends a delete that outlived its run"
        " with ALTER DELETE alone, other versions may take it for an update of a hidden column",
        f"GRANT ALTER UPDATE ON {database}.{table} TO {user}, or be ready to KILL MUTATION yourself"
        " after a run was killed in the middle of a delete",
        REMARK,
    )


_LOOK = (
    "GRANT SELECT ON system.* TO the user, or on the tables of sql/doctor/clickhouse_may_look.sql"
)


def _looking(store: ClickHouse, table: str) -> Iterator[Finding]:
    store.frame(load("doctor/clickhouse_may_look"), {})
    yield Finding(
        f"Target {table}: system tables",
        "processes, mutations, tables, columns and parts may be read; KILL of one's own takes no"
        " grant",
    )


def _refused(store: ClickHouse, table: str, questions: Iterable[str]) -> list[str]:
    """Grants on a table that the server says we lack."""
    return [
        _grant(question)
        for question in questions
        if store.answer(load(f"doctor/clickhouse_may_{question}"), {"table": table}).strip() != "1"
    ]


def _grant(question: str) -> str:
    """What a question asks for, in the server's words."""
    found = _GRANT.search(load(f"doctor/clickhouse_may_{question}").text)
    return found[1] if found else question


def _words(questions: Iterable[str]) -> str:
    return ", ".join(map(_grant, questions))
