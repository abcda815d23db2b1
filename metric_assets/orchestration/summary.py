"""The summary of all checks as assets: how all pairs are, in numbers that the UI plots.

The UI plots each number of an asset's metadata by itself. One asset with a number a pair would be
a page of 78 plots, so each entity type has an asset of its own with a plot a pair, and one asset
above them has the totals. They are made from the history of checks, not from the target.

Belongs here: these assets, and their refreshing at the end of a command. Does not belong here: the
summary itself (operations/summary).
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timezone
from typing import Any

import dagster as dg

from metric_assets.audit.history import History
from metric_assets.catalog.model import Pair
from metric_assets.connect import open_clickhouse
from metric_assets.errors import MetricAssetsError
from metric_assets.markdown import table
from metric_assets.operations.history import TIMEOUT
from metric_assets.operations.listener import Listener
from metric_assets.operations.summary import SUMS, PairState, Summary, read_summary
from metric_assets.orchestration.interruptions import one_interruption
from metric_assets.orchestration.resources import ClickHouseResource, Shared
from metric_assets.orchestration.retries import step_error
from metric_assets.orchestration.tables import OWNERS
from metric_assets.settings import Settings
from metric_assets.stores.clickhouse import ClickHouse

#: The asset with the totals; those of entity types lie below it.
SUMMARY = dg.AssetKey(["metric_assets", "summary"])
#: Steps of a run are taken in the order of this: what sums up comes last.
_LAST = {"dagster/priority": "-10"}
_GROUP = "summary"


def entity_summary(entity: str) -> dg.AssetKey:
    """The key of the summary of an entity type."""
    return dg.AssetKey([*SUMMARY.path, entity])


def build_summary_assets(settings: Settings, shared: Shared) -> dg.AssetsDefinition:
    """All summaries in one step."""
    entities = list(settings.catalog.entity)

    @dg.multi_asset(
        name="summary",
        specs=[
            _spec(SUMMARY, "Whether all counters equal their source, as of the newest checks."),
            *(
                _spec(
                    entity_summary(entity),
                    f"The pairs of {entity}. Each has a plot: the share of its ranges that are"
                    " verified, of those that hold anything; 1 is well.",
                )
                for entity in entities
            ),
        ],
        op_tags=_LAST,
    )
    def sum_up(
        context: dg.AssetExecutionContext, clickhouse: ClickHouseResource
    ) -> Iterator[dg.MaterializeResult[None]]:
        try:
            with one_interruption(), clickhouse.open(settings) as store:
                summary = _read(store, settings)
        except MetricAssetsError as error:
            raise step_error(error, context.op_execution_context, shared.listener) from error
        context.log.info(summary.sentence)
        for key, metadata in _metadata(summary, entities):
            yield dg.MaterializeResult(asset_key=key, metadata=metadata)

    return sum_up


def refresh_summary(
    settings: Settings, instance: dg.DagsterInstance, pairs: Iterable[Pair], listener: Listener
) -> None:
    """Record the summary anew at the end of a command that checked ``pairs``, without a run.

    It costs one small statement, and an event in Dagster's storage for each entity type. The
    listener is told if the history cannot be read.
    """
    if not settings.history_days:
        return
    try:
        with open_clickhouse(settings, timeout=TIMEOUT) as store:
            summary = _read(store, settings)
    except MetricAssetsError as error:
        listener.remarked([f"{SUMMARY.to_user_string()}: not refreshed: {error}"])
        return
    if not summary.empty:
        entities = list(dict.fromkeys(pair.entity for pair in pairs))
        for key, metadata in _metadata(summary, entities):
            event = dg.AssetMaterialization(key, description=summary.sentence, metadata=metadata)
            instance.report_runless_asset_event(event)


def _spec(key: dg.AssetKey, description: str) -> dg.AssetSpec:
    return dg.AssetSpec(
        key, description=description, group_name=_GROUP, kinds={"clickhouse"}, owners=OWNERS
    )


def _read(store: ClickHouse, settings: Settings) -> Summary:
    pairs = list(settings.catalog.pairs.values())
    history = History(store, settings)
    return read_summary(history, settings, pairs, datetime.now(timezone.utc))


def _metadata(
    summary: Summary, entities: Sequence[str]
) -> Iterator[tuple[dg.AssetKey, dict[str, Any]]]:
    """The metadata of the totals, and of each of the entity types."""
    yield SUMMARY, _totals(summary)
    for entity in entities:
        states = [state for state in summary.pairs if state.pair.entity == entity]
        yield entity_summary(entity), _of_entity(states)


def _totals(summary: Summary) -> dict[str, Any]:
    states = summary.wrong + summary.unchecked
    return {
        "sentence": summary.sentence,
        **({"not_well": dg.MetadataValue.md(_listed(states))} if states else {}),
        "pairs_well": sum(state.well for state in summary.pairs),
        "pairs_not_well": len(summary.wrong),
        "pairs_never_checked": len(summary.unchecked),
        **{name: summary.total(name) for name in SUMS},
        **_oldest(summary),
    }


def _of_entity(states: Sequence[PairState]) -> dict[str, Any]:
    """A number a pair: the share of its ranges that are verified, of those that hold anything."""
    shares = {
        state.pair.key: float(state.badge.coverage)
        for state in states
        if state.badge is not None and state.badge.coverage is not None
    }
    return {"pairs": dg.MetadataValue.md(_listed(states)), **shares}


def _oldest(summary: Summary) -> dict[str, float]:
    if summary.oldest_proof is None:
        return {}
    age = (summary.now - summary.oldest_proof).total_seconds() / 86_400
    return {"oldest_proof_days": round(age, 3)}


def _listed(states: Sequence[PairState]) -> str:
    """A table of pairs: state, what is off, the cause and the cure."""
    rows = []
    for state in states:
        badge, told = state.badge, state.told
        off = [f"{getattr(badge, name):,} {name.replace('_', ' ')}" for name in SUMS
               if badge is not None and getattr(badge, name)]  # fmt: skip
        checked = f"{badge.at:%Y-%m-%d %H:%M}" if badge else "never"
        cause = told.cause.removeprefix(f"{state.pair.key}: ") if told and not state.well else ""
        cure = told.cure if told and not state.well else ""
        rows.append((state.pair.key, state.word, ", ".join(off), checked, cause, cure))
    return table(("pair", "state", "off by", "checked, UTC", "cause", "what to do"), rows)
