"""What the drill of the demo expects of each step, and how it is said.

Belongs here: verdicts over results, without a store. Does not belong here: the steps (drill).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from metric_assets.audit.source_check import SourceVerdict, SourceWord
from metric_assets.explanation import Explanation
from metric_assets.local.drill_ports import Changed
from metric_assets.local.planting import Held, Planted
from metric_assets.operations.pair_report import PairReport


class Unexpected(Exception):  # noqa: N818 - a verdict of the drill, no error of the program
    """A step did not give what is expected; the text says what it gave."""


def expect(what: str, given: object, wanted: object) -> None:
    """Raise Unexpected unless something is what it has to be."""
    if given != wanted:
        raise Unexpected(f"{what}: {given} instead of {wanted}")


def ended(changed: Changed) -> Changed:
    """What a run changed; raises Unexpected if it failed."""
    if changed.failure:
        raise Unexpected(f"run {changed.run}: {changed.failure}")
    return changed


def found(planted: Planted, report: PairReport) -> str:
    """What the source check found of a fault: how many rows, and the entity with most of them.

    Raises Unexpected for anything else than what was planted.
    """
    key, word = planted.pair.key, _word(planted)
    expect(f"{key}: what the source check says", report.source_check, word.value)
    wrong = [one for one in report.source_verdicts if not one.passed]
    expect(f"{key}: ranges that differ", [one.ids.key for one in wrong], [planted.ids.key])
    (verdict,) = wrong
    what = f"{key}: rows missing, surplus, live events missing, surplus"
    expect(what, _rows(verdict), _planted_rows(planted))
    result = verdict.load_result
    figures = (
        f"{result.live.live_missing} live missing"
        if planted.fault.live
        else f"{result.inserted} missing, {result.removed} surplus"
    )
    return f"{word.value}: {figures}{_worst(verdict)}"


def explained(planted: Planted, explanation: Explanation) -> list[str]:
    """The cause of a fault in words, and how sure it is; for live events, what cures it.

    Raises Unexpected for any other cause, or if the cure is not the one that comes next.
    """
    causes = ", ".join(explanation.codes) or "none"
    expect(f"{explanation.place}: causes", causes, planted.fault.cause.value)
    (finding,) = explanation.findings
    said = [f"{finding.headline} ({finding.sure})"]
    if planted.fault.live:
        if heal_command(planted) not in finding.cure:
            raise Unexpected(f"{explanation.place}: the cure is: {finding.cure}")
        said.append(f"Cure: {finding.cure}")
    return said


def heal_command(planted: Planted) -> str:
    """What is typed to make up for live events that are lost."""
    return f"metric-assets backfill {planted.pair.key} --range {planted.ids.key} --heal-live"


def counts(planted: Sequence[Planted], held: Mapping[str, Held]) -> str:
    """How many events are held of the pairs of some faults."""
    return ", ".join(f"{one.pair.key} {held[one.pair.key].events:,}" for one in planted)


def _word(planted: Planted) -> SourceWord:
    """What the source check calls a fault."""
    return SourceWord.DRIFTS if planted.fault.live else SourceWord.DIFFERS


def _rows(verdict: SourceVerdict) -> tuple[int, int, int, int]:
    """Rows missing and surplus below the cutoff, live events missing and surplus."""
    result = verdict.load_result
    live = result.live
    return result.inserted, result.removed, live.live_missing, live.live_phantom


def _planted_rows(planted: Planted) -> tuple[int, int, int, int]:
    """The same of what was planted."""
    if planted.fault.live:
        return 0, 0, planted.rows, 0
    return planted.rows, planted.rows if planted.fault.another_user else 0, 0, 0


def _worst(verdict: SourceVerdict) -> str:
    """An entity with rows that differ: the one with most."""
    findings = verdict.explanation.findings if verdict.explanation else ()
    worst = [entity for one in findings[:1] for entity in one.worst[:1]]
    return "".join(f"; e.g. id {entity}" for entity, _ in worst)
