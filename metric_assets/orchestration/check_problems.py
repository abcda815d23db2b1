"""Results of checks as problems to be told: what they say, in numbers, and what to do.

Belongs here: reading a stored result. Does not belong here: which results a run has (alerts).
"""

from __future__ import annotations

from collections.abc import Iterator

from dagster import AssetCheckEvaluation

from metric_assets.operations.alerts import Problem
from metric_assets.orchestration.check_names import RECONCILED

#: What a state of the badge says that no check of a range does.
_BADGE_WORDS = {"unloaded": "not loaded", "unverified": "not verified"}


def judged(evaluation: AssetCheckEvaluation) -> Iterator[tuple[str, Problem | None]]:
    """The keys that a result speaks of, each with its problem or None."""
    subject = "/".join(evaluation.asset_key.path)
    values = {name: value.value for name, value in evaluation.metadata.items()}
    path = f"/assets/{subject}?view=checks&checkDetail={evaluation.check_name}"
    if evaluation.check_name == RECONCILED:
        yield from _of_badge(evaluation, subject, path)
        return
    text = evaluation.description or ""
    place = evaluation.partition or ""
    numbers = {
        label: float(number)
        for name, label in _NUMBERS.items()
        if isinstance(number := values.get(name), int | float)
    }
    problem = Problem(
        evaluation.check_name,
        subject,
        str(values.get("word", "differs from legacy" if "legacy_total" in values else "fails")),
        place,
        sum(numbers.values()),
        numbers,
        str(values.get("cause", text.removeprefix(f"{subject}/{place}: "))),
        str(values.get("cure", "") or _cure(evaluation.check_name, subject)),
        path,
    )
    yield problem.key, None if evaluation.passed else problem


#: Metadata of checks that are numbers of a problem, and what they are called.
_NUMBERS = {
    "missing": "missing",
    "surplus": "surplus",
    "phantom": "phantom",
    "live_missing": "live events missing",
    "live_phantom": "live events too many",
    "stray_rows": "rows of no pair or range",
    "ids_outside": "ids in no range",
}


def _cure(check: str, subject: str) -> str:
    if check == "matches_legacy":
        return f"`metric-assets reconcile {subject} --source` says where the difference comes from"
    if check == "ids_beyond_grid":
        return "`metric-assets ranges --sync`"
    return ""


def _of_badge(
    evaluation: AssetCheckEvaluation, subject: str, path: str
) -> Iterator[tuple[str, Problem | None]]:
    """What no check of a range says: ranges never loaded or not verified, and too long ago."""
    value = evaluation.metadata.get("ranges")
    lists = value.value if value is not None and isinstance(value.value, dict) else {}
    entity = subject.partition("/")[0]
    cures = {
        "unloaded": f"`metric-assets backfill {entity}`",
        "unverified": f"`metric-assets reconcile {subject} --source`",
    }
    reasons = [name for name in _BADGE_WORDS if lists.get(name)]
    others = [name for name in lists if lists.get(name) and name not in _BADGE_WORDS]
    for name, word in _BADGE_WORDS.items():
        keys = [str(key) for key in lists.get(name, [])]
        numbers = {"ranges": float(len(keys))}
        cause = f"{word}: {', '.join(keys[:3])}{' …' if len(keys) > 3 else ''}"
        problem = Problem(
            f"{RECONCILED} {name}", subject, word, numbers=numbers, cause=cause,
            cure=cures[name], path=path,
        )  # fmt: skip
        yield problem.key, problem if keys else None
    # Only age is left where it fails and no list says why.
    stale = Problem(
        f"{RECONCILED} age", subject, "verified too long ago", cause=evaluation.description or "",
        cure="start Dagster's daemon; `metric-assets reconcile --source` verifies all at once",
        path=path,
    )  # fmt: skip
    yield stale.key, stale if not (evaluation.passed or reasons or others) else None
