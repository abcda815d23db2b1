"""The table of settings: each with its variable, default, bounds, unit and reason.

docs/reference/settings.md is written from it (page). ``form`` says how a value is written where
neither bounds nor words to choose from do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from metric_assets import defaults
from metric_assets.settings import names
from metric_assets.settings.loading import Loading
from metric_assets.settings.values import CodeUrl

DEFAULT_HOME = Path(".metric_assets")


class Fields(Loading):
    """The settings by the names that the code calls them: after those of the platform and of
    loading, how checks work.
    """

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
