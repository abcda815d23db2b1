"""The table of settings: how ranges are loaded. See fields."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from metric_assets import defaults
from metric_assets.settings import names
from metric_assets.settings.platform import Platform


class Loading(Platform):
    """After those of the platform, how ranges are loaded."""

    mode: Literal["auto", "replace", "append"] = Field(
        "auto",
        validation_alias=names.MODE,
        description="How surplus is removed: `replace` deletes it, `append` compensates it by"
        " negative events, `auto` chooses by what the target allows and what deleting would cost."
        " See [targets][targets].",
        json_schema_extra={
            "reason": "What a target allows is read from the server, so nobody has to know it."
        },
    )
    max_removed_share: float = Field(
        defaults.MAX_REMOVED_SHARE,
        ge=0,
        le=1,
        validation_alias=names.MAX_REMOVED_SHARE,
        description="Share of what is present that a plan may remove, per pair and range and over"
        " the whole run. Up to 1,000 rows of a range, and of a run, may always be removed. 1"
        " switches the guard off, also for a source that may show less than there is.",
        json_schema_extra={
            "unit": "share of the present rows",
            "reason": "A plan that removes most of what is present has mostly a wrong source.",
        },
    )
    max_replica_lag: float = Field(
        defaults.MAX_REPLICA_LAG,
        ge=0,
        le=86_400,
        validation_alias=names.MAX_REPLICA_LAG,
        description="Nothing is removed by what a replica shows that is further behind; rows are"
        " loaded all the same.",
        json_schema_extra={
            "unit": "seconds",
            "reason": "A replica that lags does not show the newest rows, and their events would be"
            " removed. Healthy replicas are seconds behind.",
        },
    )
    live_lag: float = Field(
        defaults.LIVE_LAG,
        ge=0,
        le=86_400,
        validation_alias=names.LIVE_LAG,
        description="How late a live event may arrive. At the end of each run, and of a check that"
        " finds a difference, what late events may still change is read again once it has passed.",
        json_schema_extra={
            "unit": "seconds",
            "reason": "Longer than a healthy stream takes, short enough to wait for at the end of a"
            " run. The demo sets 0.2, because nothing writes live events there.",
        },
    )
    clock_skew: float = Field(
        defaults.CLOCK_SKEW,
        ge=0,
        le=3_600,
        validation_alias=names.CLOCK_SKEW,
        description="By how much the clocks of source and platform may differ. Live events dated"
        " this close to the instant of a reading may be in it or not. Where live events are dated"
        " by their arrival, set it to the lag.",
        json_schema_extra={
            "unit": "seconds",
            "reason": "Well above the difference of synchronized clocks. The larger it is, the more"
            " keys stay unsettled until the next load.",
        },
    )
    statement_timeout: int = Field(
        defaults.STATEMENT_TIMEOUT,
        ge=1,
        le=86_400,
        validation_alias=names.STATEMENT_TIMEOUT,
        description="Longest statement at the source, and longest silence of ClickHouse.",
        json_schema_extra={
            "unit": "seconds",
            "reason": "A range takes seconds to minutes. A statement that runs for half an hour"
            " most likely lacks an index, and keeps a snapshot of the source open.",
        },
    )
    memory_rows: int = Field(
        defaults.MEMORY_ROWS,
        ge=0,
        le=10_000_000,
        validation_alias=names.MEMORY_ROWS,
        description="Up to how many rows of a range, of its source and of the target, are compared"
        " in memory. Larger ranges are compared in ClickHouse; 0 compares all of them there.",
        json_schema_extra={
            "unit": "rows",
            "reason": "A range of few rows is planned with two statements instead of twenty, and"
            " neighbouring ranges that hold no more in all are loaded together. Rows take about 100"
            " bytes each while they are compared.",
        },
    )
    parallel_ranges: int = Field(
        default_factory=defaults.parallel_by_cores,
        ge=1,
        le=16,
        validation_alias=names.PARALLEL_RANGES,
        description="How many ranges of a scan a run loads side by side. Each takes two connections"
        " of the source, one of them idle, a snapshot, a lock and memory of its own.",
        json_schema_extra={
            "default": "half of the machine's cores, 1 to 4",
            "reason": "A range keeps a core of ours, one of the source and one of the target busy."
            " 1 is gentlest to the source.",
        },
    )
