"""The confusion table as a page: what was injected, and what it was called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from metric_assets import markdown
from metric_assets_tests.explained.trials import NAMES, Trial

#: The least share that is named right.
RIGHT = 0.95


def verdict(trials: Sequence[Trial]) -> bool:
    """Whether everything was found, nearly all named right, and nothing named wrong."""
    differing = [one for one in trials if one.expected]
    words = Counter(one.word for one in trials)
    right = sum(one.word == "right" for one in differing)
    found = all(one.detected for one in differing)
    return found and words["wrong"] == 0 and right >= RIGHT * len(differing)


def page(trials: Sequence[Trial], at: datetime, seconds: float) -> str:
    """docs/results/explained.md."""
    single = [one for one in trials if len(one.expected) < 2]
    mixed = [one for one in trials if len(one.expected) > 1]
    differing = [one for one in single if one.expected]
    right = sum(one.word == "right" for one in differing)
    unknown = sum(one.word == "unknown" for one in differing)
    wrong = sum(one.word == "wrong" for one in trials)
    detected = sum(one.detected for one in differing)
    kinds = list(dict.fromkeys(one.kind for one in trials))
    seeds = 1 + max((one.seed for one in trials), default=0)
    of = max(1, len(differing))
    return f"""# Causes of differences, injected and explained

Each cause is injected with {seeds} seeds into a range of a pair of each kind ({", ".join(kinds)}), on the embedded
engines; a fifth of the ranges is compared in ClickHouse, the others in memory. What `metric-assets explain` calls it is counted.
[Explain a red check](../how-to/explain.md) says what the codes mean.

Repeat: `make explained`. {at:%Y-%m-%d}, {seconds:.0f} s: of {len(differing)} injected causes {detected} were detected
({detected / of:.1%}), {right} named right ({right / of:.1%}), {unknown} called unknown, {wrong} named wrong.

{_confusion(single)}

## By kind of pair

{_by_kind(single, kinds)}

## Two causes in one range

*right*: both are named. *part*: one is named and the other called unknown. *unknown*: neither is named. A cause that was
not injected would be wrong.

{_mixtures(mixed)}
"""


def _confusion(trials: Sequence[Trial]) -> str:
    """A row an injected cause, a cell for each name that was given, and how often."""
    rows = []
    for name in _names(trials):
        own = [one for one in trials if one.name == name]
        expected = next(iter(own[0].expected), None)
        others = Counter(
            cause.value for one in own for cause in one.named if cause not in one.expected
        )
        rows.append(
            (
                name,
                f"`{expected.value}`" if expected else "-",
                len(own),
                sum(one.detected for one in own),
                sum(one.word == "right" for one in own),
                sum(one.word == "unknown" for one in own),
                sum(one.word == "wrong" for one in own),
                ", ".join(f"`{cause}` {count}" for cause, count in others.items()) or "-",
            )
        )
    return _table(
        ("injected", "is", "ranges", "detected", "named right", "unknown", "named wrong", "as"),
        rows,
    )


def _by_kind(trials: Sequence[Trial], kinds: Sequence[str]) -> str:
    rows = []
    for kind in kinds:
        own = [one for one in trials if one.kind == kind and one.expected]
        words = Counter(one.word for one in own)
        detected = sum(one.detected for one in own)
        rows.append((kind, len(own), detected, words["right"], words["unknown"], words["wrong"]))
    return _table(("kind", "ranges", "detected", "named right", "unknown", "named wrong"), rows)


def _mixtures(trials: Sequence[Trial]) -> str:
    rows = []
    for name in _names(trials):
        own = [one for one in trials if one.name == name]
        wrong = sum(one.word == "wrong" for one in own)
        right = sum(one.named == one.expected for one in own)
        unknown = sum(not one.named for one in own)
        rows.append((name, len(own), right, len(own) - right - unknown - wrong, unknown, wrong))
    return _table(("injected", "ranges", "right", "part", "unknown", "wrong"), rows)


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    return markdown.table(columns, [[str(cell) for cell in row] for row in rows])


def _names(trials: Sequence[Trial]) -> list[str]:
    present = {one.name for one in trials}
    return [name for name in NAMES if name in present]
