"""Events against the legacy counters: who differs, by how much, and what that means.

Belongs here: arithmetic on frames of totals, and the rules of the catalog. Does not belong
here: reading either side, or how a verdict is shown.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from metric_assets.catalog.model import Pair, Rule
from metric_assets.explanation import Explanation
from metric_assets.ranges import IdRange

#: Entities named in a verdict, the largest differences first.
WORST = 10

_DIFFERENCE = pl.col("difference")
#: Means differ in their last digits.
_NOTHING = 1e-6


@dataclass(frozen=True)
class Discrepancy:
    """One entity whose sides differ: ``difference`` is events minus legacy."""

    entity_id: int
    events: float
    legacy: float

    @property
    def difference(self) -> float:
        """Events minus legacy: below 0 something is missing, above 0 it is a phantom."""
        return self.events - self.legacy


@dataclass(frozen=True)
class Verdict:
    """The comparison of a pair over the ids of a range.

    ``missing`` and ``phantom`` are counter units by which entities lie below and above legacy;
    ``coverage`` is the share of the legacy total that events account for, None where legacy is 0.
    ``offending`` are the entities that break the pair's rule; ``orphaned`` counts units of
    entities that no longer exist, which legacy cannot hold. ``explanation`` says why it fails,
    where that was asked.
    """

    pair: Pair
    ids: IdRange
    entities: int
    events: float
    legacy: float
    missing: float
    phantom: float
    differing: int
    offending: int
    orphaned: float
    worst: tuple[Discrepancy, ...]
    explanation: Explanation | None = None

    @property
    def coverage(self) -> float | None:
        """1 minus missing over legacy."""
        return coverage(self.missing, self.legacy)

    @property
    def passed(self) -> bool:
        """Whether the pair's rule holds for every entity; an informational pair always passes."""
        return self.offending == 0

    @property
    def severe(self) -> bool:
        """Whether it is an error, not only a warning: whenever it fails."""
        return not self.passed

    @property
    def sentence(self) -> str:
        """The verdict in words, naming the worst entity."""
        place = f"{self.pair.key}/{self.ids.key}"
        if not self.differing:
            return f"{place}: {self.entities} entities agree with legacy"
        worst = self.worst[0]
        text = (
            f"{place}: {self.differing} of {self.entities} entities differ from legacy"
            f" (missing {_exact(self.missing)}, phantom {_exact(self.phantom)}); the worst is"
            f" entity {worst.entity_id}: events {_exact(worst.events)},"
            f" legacy {_exact(worst.legacy)},"
            f" difference {'+' if worst.difference > 0 else ''}{_exact(worst.difference)}"
        )
        if self.passed:
            return f"{text}; allowed by its rule {self.pair.legacy.rule.value}"
        if self.explanation is None or not self.explanation.findings:
            return text
        return "; ".join([text, self.explanation.summary, self.cure])

    @property
    def cure(self) -> str:
        """What cures it, where that is known, else the command that says which side is wrong; empty
        if it passes.
        """
        if self.explanation is not None and self.explanation.cures:
            return "; ".join(self.explanation.cures)
        if self.passed:
            return ""
        return (
            f"`metric-assets explain {self.pair.key} --range {self.ids.key}` says whether the"
            " target or the legacy counter is wrong"
        )


def coverage(missing: float, legacy: float) -> float | None:
    """The share of the legacy total that events account for; None where legacy is 0."""
    return 1 - missing / legacy if legacy else None


def compare(
    pair: Pair, ids: IdRange, values: pl.DataFrame, legacy: pl.DataFrame, orphans: set[int]
) -> Verdict:
    """Compare both sides of a pair over a range.

    ``values`` has entityId and events, as counters() gives them; ``legacy`` has entityId and value.
    An entity absent from a side counts 0 there. ``orphans`` are ids that are not entities any more:
    counted apart, never compared.
    """
    both = _joined(values, legacy)
    gone = both.filter(pl.col("entityId").is_in(list(orphans)))
    both = both.filter(~pl.col("entityId").is_in(list(orphans)))
    differing = both.filter(_DIFFERENCE.abs() > _NOTHING)
    worst = differing.sort(_DIFFERENCE.abs(), "entityId", descending=[True, False])
    return Verdict(
        pair=pair,
        ids=ids,
        entities=both.height,
        events=_sum(both, "events"),
        legacy=_sum(both, "legacy"),
        missing=abs(_sum(differing.filter(_DIFFERENCE < 0), "difference")),
        phantom=_sum(differing.filter(_DIFFERENCE > 0), "difference"),
        differing=differing.height,
        offending=differing.filter(_offends(pair)).height,
        orphaned=_sum(gone, "events"),
        worst=tuple(
            Discrepancy(*row)
            for row in worst.select("entityId", "events", "legacy").head(WORST).iter_rows()
        ),
    )


def offenders(
    pair: Pair, values: pl.DataFrame, legacy: pl.DataFrame, orphans: set[int]
) -> list[int]:
    """Ids of the entities that break the pair's rule; arguments as of compare()."""
    both = _joined(values, legacy).filter(~pl.col("entityId").is_in(list(orphans)))
    breaking = both.filter((_DIFFERENCE.abs() > _NOTHING) & _offends(pair))
    return [int(one) for one in breaking["entityId"].sort()]


def counters(pair: Pair, events: pl.DataFrame) -> pl.DataFrame:
    """What readers see of a pair, entityId and events: its sums, or the means of a pair that is
    one in legacy.
    """
    total = pl.col("total").cast(pl.Float64)
    if pair.legacy.average_over is not None:
        weight = pl.col("weight").cast(pl.Float64)
        total = pl.when(weight != 0).then(total / weight).otherwise(0.0)
    return events.select(pl.col("entityId").cast(pl.Int64), total.alias("events"))


def events_of(pair: Pair, totals: pl.DataFrame, over: pl.DataFrame | None = None) -> pl.DataFrame:
    """A pair's sums; for a mean with those it is taken over, from ``over`` or the same totals."""
    own = totals.filter(pl.col("metricType") == pair.metric).select("entityId", "total")
    if pair.legacy.average_over is None:
        return own
    others = totals if over is None else over
    weights = others.filter(pl.col("metricType") == pair.legacy.average_over)
    return own.join(
        weights.select("entityId", pl.col("total").alias("weight")), on="entityId", how="left"
    ).with_columns(pl.col("weight").fill_null(0))


def _joined(values: pl.DataFrame, legacy: pl.DataFrame) -> pl.DataFrame:
    return (
        values.join(
            legacy.select(pl.col("entityId").cast(pl.Int64), pl.col("value").cast(pl.Float64)),
            on="entityId",
            how="full",
            coalesce=True,
        )
        .select(
            "entityId",
            pl.col("events").fill_null(0.0),
            pl.col("value").fill_null(0.0).alias("legacy"),
        )
        .filter((pl.col("events") != 0) | (pl.col("legacy") != 0))
        .with_columns((pl.col("events") - pl.col("legacy")).alias("difference"))
    )


def _offends(pair: Pair) -> pl.Expr:
    difference = _DIFFERENCE
    match pair.legacy.rule:
        case Rule.EXACT:
            return pl.lit(True)
        case Rule.TOLERANCE:
            return difference.abs() > pair.legacy.tolerance * pl.col("legacy").abs()
        case Rule.EVENTS_AT_LEAST_LEGACY:
            return difference < 0
        case Rule.LEGACY_AT_LEAST_EVENTS:
            return difference > 0
        case Rule.INFORMATIONAL:
            return pl.lit(False)


def _exact(number: float) -> str:
    """Whole numbers in all their digits; a mean to six."""
    return str(int(number)) if number == int(number) else f"{number:.6g}"


def _sum(frame: pl.DataFrame, column: str) -> float:
    return float(frame[column].sum())
