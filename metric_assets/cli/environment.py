"""Where the command line finds its settings, stores and Dagster instance."""

from __future__ import annotations

import io
import json
import os
from datetime import datetime
from pathlib import Path

from dotenv import dotenv_values

from metric_assets import settings as names
from metric_assets.errors import SettingsError
from metric_assets.home import dagster_home, home_folder
from metric_assets.local import stack
from metric_assets.local.demo_plan import DEMO_CUTOFF, DEMO_CUTOFFS
from metric_assets.settings import Settings

#: First line of a .env that `local up` may write again.
MARK = "# Written by `metric-assets local up`. Remove this line to keep your own changes."


def load_environment() -> None:
    """Fill in what the environment does not say: from .env, then from a running local stack.

    A .env that `local up` wrote belongs to the demo: where the environment names another store, its
    cutoffs and the rest must not slip in beside it. Raises SettingsError if it cannot be read.
    """
    text = _text_of(Path(".env"))
    values = dotenv_values(stream=io.StringIO(text))
    given = {name: value for name, value in values.items() if value is not None}
    stores = (names.POSTGRES_URL, names.CLICKHOUSE_URL)
    elsewhere = any(os.environ.get(name, given.get(name)) != given.get(name) for name in stores)
    if not (elsewhere and text.startswith(MARK)):
        for name, value in given.items():
            os.environ.setdefault(name, value)
    endpoints = None if os.environ.get(names.POSTGRES_URL) else stack.endpoints(home_folder())
    if endpoints is not None:
        for name, value in local_variables(endpoints).items():
            os.environ.setdefault(name, value)
    url = os.environ.get(names.DAGSTER_POSTGRES_URL)
    if url:
        os.environ[names.DAGSTER_POSTGRES_URL] = with_driver(url)


def with_driver(url: str) -> str:
    """The URL with its driver spelled out: plain postgresql:// picks one that kills every run."""
    scheme, separator, rest = url.partition("://")
    plain = scheme in {"postgres", "postgresql"}
    return f"postgresql+psycopg2://{rest}" if plain and separator else url


def local_variables(endpoints: stack.Endpoints) -> dict[str, str]:
    """What a shell needs to use the embedded stack."""
    return {
        names.POSTGRES_URL: endpoints.postgres_url,
        names.CLICKHOUSE_URL: endpoints.clickhouse_url,
        names.DAGSTER_POSTGRES_URL: with_driver(endpoints.dagster_postgres_url),
        names.CUTOFF: _written(DEMO_CUTOFF),
        names.CUTOFFS: json.dumps({name: _written(at) for name, at in DEMO_CUTOFFS.items()}),
        # The demo's platform is at rest: no live event arrives late.
        names.LIVE_LAG: "0.2",
        names.HOME: str(home_folder()),
        "DAGSTER_HOME": str(dagster_home()),
        "DAGSTER_EVENT_BATCH_SIZE": "500",
    }


def _written(instant: datetime) -> str:
    """An instant as a setting: 2025-10-01T00:00:00Z."""
    fine = "milliseconds" if instant.microsecond else "seconds"
    return instant.isoformat(timespec=fine).replace("+00:00", "Z")


def write_dotenv(endpoints: stack.Endpoints) -> bool:
    """Write .env for Dagster's own commands; False if there is one that is not ours."""
    file = Path(".env")
    if file.exists() and not _text_of(file).startswith(MARK):
        return False
    lines = [f"{name}='{value}'" for name, value in local_variables(endpoints).items()]
    try:
        file.write_text("\n".join([MARK, *lines]) + "\n", encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            f"{file.absolute()}: cannot be written: {error.strerror}; run this in a folder of yours"
        ) from None
    return True


def _text_of(file: Path) -> str:
    """What a .env holds; nothing if there is none. Raises SettingsError if it cannot be read."""
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except OSError as error:
        reason = error.strerror
    except UnicodeDecodeError:
        reason = "it is not UTF-8 text"
    raise SettingsError(
        f"{file.absolute()}: cannot be read: {reason}. Make it a readable text file of NAME=value"
        " lines, or move it away"
    )


def stack_hint() -> str:
    """What to do where the stores in use are the embedded ones of our home, and these are down."""
    home = home_folder()
    try:
        servers = stack.status(home)
    except (OSError, stack.LocalStackError):
        return ""
    given = {os.environ.get(names.POSTGRES_URL), os.environ.get(names.CLICKHOUSE_URL)}
    if any(not server.running and server.address in given for server in servers):
        return f"The embedded stack of {home} is not running: `metric-assets local up` starts it"
    return ""


def settings() -> Settings:
    """The settings, after the environment has been filled in."""
    return Settings.load()
