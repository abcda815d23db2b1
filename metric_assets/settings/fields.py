"""The table of settings: each with its variable, default, bounds, unit and reason.

docs/settings.md is written from it (page). ``form`` says how a value is written where neither
bounds nor words to choose from do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from metric_assets import defaults
from metric_assets.catalog.catalog import Catalog
from metric_assets.settings import names
from metric_assets.settings.catalogs import OURS, load_catalog
from metric_assets.settings.values import CodeUrl, Grids, Instant, Instants, TableName

DEFAULT_HOME = Path(".metric_assets")


class Fields(BaseSettings):
    """The settings by the names that the code calls them."""

    model_config = SettingsConfigDict(
        frozen=True,
        case_sensitive=True,
        enable_decoding=False,  # A refusal of JSON has our words.
        validate_by_name=True,
        validate_by_alias=True,
        hide_input_in_errors=True,
        arbitrary_types_allowed=True,
    )

    catalog: Annotated[Catalog, BeforeValidator(load_catalog)] = Field(
        OURS,
        validate_default=True,
        exclude=True,
        repr=False,
        validation_alias=names.CATALOG,
        description="The catalog: entities, scans, pairs and dimensions of a platform, and the"
        " folder of its statements. See [bring your own catalog][catalog].",
        json_schema_extra={
            "form": "`package.module:NAME`, importable",
            "reason": "Another platform writes a package with rows and .sql files, and changes"
            " nothing here.",
        },
    )
    postgres_url: SecretStr | None = Field(
        None,
        validation_alias=names.POSTGRES_URL,
        description="The source. A replica or a pooler is fine: see [Postgres][postgres].",
        json_schema_extra={
            "form": "`postgresql://user:password@host:port/database`",
            "reason": "No default, which could be the wrong database. Checked when it is used:"
            " definitions load, and Dagster's UI opens, without it.",
        },
    )
    clickhouse_url: SecretStr | None = Field(
        None,
        validation_alias=names.CLICKHOUSE_URL,
        description="The target's server, also the source of scans that read ClickHouse. Parameters"
        " for TLS and proxies: see [connections][connections].",
        json_schema_extra={
            "form": "`http(s)://user:password@host:port/database`",
            "reason": "As for the source.",
        },
    )
    target_table: TableName = Field(
        defaults.TARGET_TABLE,
        validation_alias=names.TARGET_TABLE,
        description="The target's table, in the database that the ClickHouse URL names.",
        json_schema_extra={
            "form": "letters, digits and `_`, at most 128",
            "reason": "The table that the platform's live stream writes to.",
        },
    )
    cutoff: Instant | None = Field(
        None,
        validation_alias=names.CUTOFF,
        description="The instant of the first live event, exclusive. Only events before it are"
        " ours; live events at or after it are never touched. A cutoff moved later loads the new"
        " slice with the next backfill and replaces the live events below it; it may not lie later"
        " than the snapshot less the lag, because live events may still arrive there. A cutoff"
        " earlier than the one that a range was loaded with is refused: what lies between both"
        " would be taken for live events. See [the counter equals the source][counter].",
        json_schema_extra={
            "form": "ISO 8601, UTC where it has no offset, at most milliseconds fine:"
            " `2025-10-01T00:00:00Z`",
            "reason": "No default: only the operator knows when the live stream began.",
        },
    )
    cutoffs: Instants = Field(
        {},
        validation_alias=names.CUTOFFS,
        description="Cutoffs of single entity types; each wins over the common one.",
        json_schema_extra={
            "form": 'JSON, entity type to instant: `{"Image": "2024-08-07T15:44:39.044Z"}`',
            "reason": "A platform may begin to write live events of one entity type later than of"
            " another.",
        },
    )
    grids: Grids = Field(
        {},
        validation_alias=names.RANGES,
        description="How the ids of an entity type are cut into ranges: ids in a range, the id"
        " where they stop, exclusive, and in `extra`, which may be absent, the first ids of cells"
        " that lie far from the others. Wins as a whole over `ranges.json`, which `metric-assets"
        " ranges --sync` writes: it moves the end and gives ids far from all others cells of their"
        " own. An entity type that is not named has the grid of its catalog row."
        " See [ids][ids].",
        json_schema_extra={
            "form": 'JSON, entity type to grid: `{"User": {"size": 1000, "stop": 90000,'
            ' "extra": [-1000]}}`',
            "reason": "The size of a range never changes on a live instance: partition keys are"
            " made of it. A container that is given the variable has the same grid as the machine"
            " that synced it.",
        },
    )
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
            " run. The demo sets 1, because nothing writes live events there.",
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
            "reason": "A range of few rows is planned with two statements instead of twenty. Rows"
            " take about 100 bytes each while a range is compared.",
        },
    )
    reconcile_cron: str = Field(
        "17 4 * * *",
        validation_alias=names.RECONCILE_CRON,
        description="When the checks are repeated, UTC.",
        json_schema_extra={
            "form": "a cron expression of five fields",
            "reason": "Not at a full hour, when everybody's jobs start.",
        },
    )
    audit_days: float = Field(
        7.0,
        ge=0,
        le=3_650,
        validation_alias=names.AUDIT_DAYS,
        description="The schedule compares every range with its source once in so many days, the"
        " oldest proofs first; with 1 or less, all of them each time. `reconciled` fails once the"
        " oldest proof is older than twice this (at least two days).",
        json_schema_extra={
            "unit": "days",
            "reason": "A comparison reads the range at the source; a week spreads the load over"
            " seven nights.",
        },
    )
    alert_urls: SecretStr | None = Field(
        None,
        validation_alias=names.ALERT_URLS,
        description="Where alerts are sent. Needs the extra `alerts`. See [alerts][alerts].",
        json_schema_extra={
            "form": "addresses of [apprise](https://github.com/caronc/apprise/wiki), separated by"
            " blanks: `slack://…  mailtos://…  jsons://…`",
            "reason": "Whatever a team reads. Without it alerts are only written to the log. A"
            " secret: tokens are part of the addresses.",
        },
    )
    alert_repeat: float = Field(
        defaults.ALERT_REPEAT_HOURS,
        ge=0.01,
        le=8_760,
        validation_alias=names.ALERT_REPEAT,
        description="A problem that was told is told again only after so long.",
        json_schema_extra={
            "unit": "hours",
            "reason": "Once a day says that it is still there, and is no noise.",
        },
    )
    alert_audit: float = Field(
        defaults.ALERT_AUDIT_HOURS,
        ge=0.1,
        le=8_760,
        validation_alias=names.ALERT_AUDIT,
        description="An audit that has not ended well so long after its time on the schedule is"
        " told.",
        json_schema_extra={
            "unit": "hours",
            "reason": "Longer than a pass takes, and shorter than the time to the next one.",
        },
    )
    alert_timeout: float = Field(
        defaults.ALERT_TIMEOUT_SECONDS,
        ge=0.1,
        le=60,
        validation_alias=names.ALERT_TIMEOUT,
        description="How long the service behind an address may take to connect and to answer.",
        json_schema_extra={
            "unit": "seconds",
            "reason": "A message that cannot be sent is a warning, and nothing waits for it.",
        },
    )
    ui_url: CodeUrl | None = Field(
        None,
        validation_alias=names.UI_URL,
        description="Where people open Dagster's UI: alerts link to its pages.",
        json_schema_extra={
            "form": "`https://dagster.example.com`",
            "reason": "No process knows under which name it is reached.",
        },
    )
    home: Annotated[Path, AfterValidator(Path.absolute)] = Field(
        DEFAULT_HOME,
        validate_default=True,
        validation_alias=names.HOME,
        description="Folder of the grids (`ranges.json`), the embedded stack, Dagster's home if"
        " `DAGSTER_HOME` is not set, and tracebacks of defects (`logs/`).",
        json_schema_extra={
            "form": "a path",
            "reason": "Beside the `.env` of the working folder.",
        },
    )
    code_url: CodeUrl | None = Field(
        None,
        validation_alias=names.CODE_URL,
        description="Where the UI's links to a pair's row of the catalog and to its .sql file lead."
        " Without it they are paths of the machine that loads the definitions.",
        json_schema_extra={
            "form": "`https://github.com/OWNER/REPOSITORY/blob/BRANCH`, or of any other forge",
            "reason": "A container that was built from a wheel knows no repository.",
        },
    )
    dagster_postgres_url: SecretStr | None = Field(
        None,
        validation_alias=names.DAGSTER_POSTGRES_URL,
        description="Dagster's own storage.",
        json_schema_extra={
            "form": "`postgresql+psycopg2://user:password@host:port/database`",
            "reason": "The driver has to be named: the one that is picked otherwise loses every"
            " run. `metric-assets` adds it, Dagster's own commands do not.",
        },
    )
