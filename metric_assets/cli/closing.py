"""The last line of a command: whether all is well, in one sentence."""

from __future__ import annotations

from collections.abc import Sequence

from metric_assets.operations.pair_report import PairReport

#: Pairs named in the sentence.
_NAMED = 5


def closing_sentence(
    rows: Sequence[PairReport], *, where: str = "", more: Sequence[str] = ()
) -> str:
    """How many counters equal their source, and which do not, and why.

    ``where`` bounds what was looked at; ``more`` is what else is not well, in a few words each.
    """
    unequal = [row for row in rows if not row.well and row.status.split(":")[0] != "legacy differs"]
    legacy = [row for row in rows if row.legacy_check == "differs" and row not in unequal]
    unchecked = [row for row in rows if row.status == "unchecked"]
    total = len(rows)
    equal = total - len(unequal) - len(unchecked)
    if unequal or unchecked:
        text = f"{equal} of {total} counters equal their source{where}"
    elif total == 1:
        text = f"The counter {rows[0].pair.key} equals its source{where}"
    else:
        text = f"All {total} counters equal their source{where}"
    if unequal:
        text += f"; not equal or not known: {_named(unequal)}"
    if unchecked:
        text += f"; {len(unchecked)} were not looked at"
    if legacy:
        named = ", ".join(row.pair.key for row in legacy[:_NAMED])
        rest = f" and {len(legacy) - _NAMED} more" if len(legacy) > _NAMED else ""
        text += f"; legacy differs: {named}{rest}"
    return "; ".join([text, *more]) + "."


def _named(rows: Sequence[PairReport]) -> str:
    named = ", ".join(f"{row.pair.key} ({_why(row)})" for row in rows[:_NAMED])
    rest = f" and {len(rows) - _NAMED} more" if len(rows) > _NAMED else ""
    return f"{named}{rest}"


def _why(row: PairReport) -> str:
    status = row.status.split(":")[0]
    if row.failing["legacy differs"] and status != "legacy differs":
        return f"{status}, legacy differs"
    return status
