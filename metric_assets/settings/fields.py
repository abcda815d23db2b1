"""The table of settings: each with its variable, default, bounds, unit and reason.

docs/reference/settings.md is written from it (page). ``form`` says how a value is written where
neither bounds nor words to choose from do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from metric_assets import defaults
from metric_assets.settings import names
from metric_assets.settings.platform import Platform
from metric_assets.settings.values import CodeUrl

DEFAULT_HOME = Path(".metric_assets")


class Fields(Platform):
    """The settings by the names that the code calls them: after those of the platform, how loads
    and checks work.
    """

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
    repairs_days: int = Field(
        defaults.REPAIRS_DAYS,
        ge=0,
        le=3_650,
        validation_alias=names.REPAIRS_DAYS,
        description="How long the record of changes (`metricRepairs`) keeps what each change of the"
        " target inserted and removed; so long `metric-assets undo` can put it back. 0 records"
        " nothing. The retention is given to the table when it is made; of a table that exists,"
        " change its TTL, too.",
        json_schema_extra={
            "unit": "days",
            "reason": "A mistake is mostly found with the next audits, of which there are twelve"
            " in 90 days.",
        },
    )
    history_days: int = Field(
        defaults.HISTORY_DAYS,
        ge=0,
        le=36_500,
        validation_alias=names.HISTORY_DAYS,
        description="For how long the [history of checks][history] is kept, the table"
        " `metricReconciliation` beside the target. With 0 nothing is written to it. It counts when"
        " the table is made; afterwards change the TTL of the table.",
        json_schema_extra={
            "unit": "days",
            "reason": "More than a year, so that a year can be compared with the last one.",
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
