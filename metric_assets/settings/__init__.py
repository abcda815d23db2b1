"""What the operator decides, read once from the environment and checked.

No .env is read here: the command line and Dagster put it into the environment, which wins over it
(cli/environment). Nothing connects, and a store's URL is checked when it is used.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource

from metric_assets.catalog.catalog import Catalog
from metric_assets.errors import SettingsError
from metric_assets.ranges import Grid
from metric_assets.settings.fields import DEFAULT_HOME, Fields
from metric_assets.settings.names import (
    ALERT_AUDIT,
    ALERT_REPEAT,
    ALERT_TIMEOUT,
    ALERT_URLS,
    AUDIT_DAYS,
    CATALOG,
    CLICKHOUSE_URL,
    CLOCK_SKEW,
    CUTOFF,
    CUTOFFS,
    DAGSTER_POSTGRES_URL,
    HISTORY_DAYS,
    HISTORY_TABLE,
    HOME,
    LIVE_LAG,
    MAX_REMOVED_SHARE,
    MAX_REPLICA_LAG,
    MODE,
    PARALLEL_RANGES,
    POSTGRES_URL,
    RANGES,
    RECONCILE_CRON,
    REPAIRS_DAYS,
    REPAIRS_TABLE,
    STATEMENT_TIMEOUT,
    TARGET_TABLE,
    UI_URL,
)
from metric_assets.settings.values import (
    MAX_PARTITIONS,
    dump_grids,
    parse_grids,
    read_grids,
    refusal,
)

__all__ = [
    "ALERT_AUDIT",
    "ALERT_REPEAT",
    "ALERT_TIMEOUT",
    "ALERT_URLS",
    "AUDIT_DAYS",
    "CATALOG",
    "CLICKHOUSE_URL",
    "CLOCK_SKEW",
    "CUTOFF",
    "CUTOFFS",
    "DAGSTER_POSTGRES_URL",
    "DEFAULT_HOME",
    "HISTORY_DAYS",
    "HISTORY_TABLE",
    "HOME",
    "LIVE_LAG",
    "MAX_PARTITIONS",
    "MAX_REMOVED_SHARE",
    "MAX_REPLICA_LAG",
    "MODE",
    "PARALLEL_RANGES",
    "POSTGRES_URL",
    "RANGES",
    "RECONCILE_CRON",
    "REPAIRS_DAYS",
    "REPAIRS_TABLE",
    "SCHEMES",
    "STATEMENT_TIMEOUT",
    "TARGET_TABLE",
    "UI_URL",
    "Settings",
    "dump_grids",
    "parse_grids",
    "store_url",
]

#: Schemes that a store's URL may have; the first is the one to recommend.
SCHEMES = {
    POSTGRES_URL: ("postgresql", "postgres"),
    CLICKHOUSE_URL: ("http", "https"),
    DAGSTER_POSTGRES_URL: ("postgresql+psycopg2", "postgresql", "postgres"),
}


class Settings(Fields):
    """Everything that steers a run.

    The constructor takes fields by name and leaves the others at their defaults; ``load`` reads the
    environment.
    """

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The constructor's arguments alone: ``load`` is what reads an environment."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read and check all settings; raises SettingsError that names all that are wrong.

        What is empty is not set. Grids that no variable gives are those of ``ranges.json``.
        """
        given = os.environ if environ is None else environ
        fields = {str(field.validation_alias): field for field in cls.model_fields.values()}
        source = EnvSettingsSource(cls)
        # The documented names alone: pydantic would take a variable `mode` for the field, too.
        source.env_vars = {name: given[name] for name in fields if given.get(name)}
        try:
            settings = cls(**source())
        except ValidationError as error:
            raise refusal(error, fields) from None
        _check_entities(CUTOFFS, settings.cutoffs, settings.catalog)
        if given.get(RANGES):
            _check_entities(RANGES, settings.grids, settings.catalog)
            return settings
        grids = read_grids(settings.ranges_file, RANGES)
        _check_entities(str(settings.ranges_file), grids, settings.catalog)
        return settings.model_copy(update={"grids": grids})

    def known_cutoff(self, entity: str) -> datetime | None:
        """The cutoff that is set for an entity type, whatever it is; None if none is."""
        return self.cutoffs.get(entity, self.cutoff)

    def cutoff_of(self, entity: str) -> datetime:
        """The cutoff of an entity type.

        Raises SettingsError if none is set, or if it lies in the future: every live event from now
        until then would count as surplus.
        """
        cutoff = self.known_cutoff(entity)
        if cutoff is None:
            raise SettingsError(
                f"{CUTOFF}: not set, and {CUTOFFS} has no {entity}. Set the instant of the first"
                " live event, for example 2025-10-01T00:00:00Z; `metric-assets doctor` shows what"
                " the target holds"
            )
        if cutoff > datetime.now(timezone.utc):
            name = f"{CUTOFFS}: {entity}" if entity in self.cutoffs else CUTOFF
            raise SettingsError(
                f"{name}: {cutoff.isoformat()} lies in the future; live events until then would be"
                " taken for surplus and removed. Set the instant of the first live event"
            )
        return cutoff

    def grid_of(self, entity: str) -> Grid:
        """The grid of an entity's ids."""
        return self.grids.get(entity, self.catalog.entity[entity].grid)

    @property
    def ranges_file(self) -> Path:
        """Where `metric-assets ranges --sync` writes grids and definitions read them."""
        return self.home / "ranges.json"


def store_url(name: str, url: SecretStr | str | None) -> str:
    """The URL of a store, which the setting ``name`` holds.

    Raises SettingsError if it is not set or cannot be understood, without ever showing it.
    """
    text = url.get_secret_value() if isinstance(url, SecretStr) else url
    schemes = SCHEMES[name]
    if not text:
        raise SettingsError(
            f"{name}: not set; expected {schemes[0]}://user:password@host:port/database."
            " For a first look `metric-assets local up` starts an embedded stack"
        )
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise SettingsError(f"{name}: cannot be read as a URL") from None
    if parts.scheme not in schemes:
        raise SettingsError(f"{name}: expected {' or '.join(schemes)}, found {parts.scheme!r}")
    return text


def _check_entities(name: str, given: Mapping[str, object], catalog: Catalog) -> None:
    for entity in given:
        if entity not in catalog.entity:
            raise SettingsError(
                f"{name}: {entity!r} is not an entity type; known: {', '.join(catalog.entity)}"
            )
