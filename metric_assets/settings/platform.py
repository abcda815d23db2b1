"""The settings that say which platform it is: catalog, stores, cutoffs and grids.

The first part of the table of settings; the rest is in fields.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from metric_assets import defaults
from metric_assets.catalog.catalog import Catalog
from metric_assets.settings import names
from metric_assets.settings.catalogs import OURS, load_catalog
from metric_assets.settings.values import Grids, Instant, Instants, TableName


class Platform(BaseSettings):
    """The settings without which nothing is known of a platform, and its grids."""

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
