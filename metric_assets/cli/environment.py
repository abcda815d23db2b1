"""Where the command line finds its settings, stores and Dagster instance.

Belongs here: filling the process's environment from .env and from a running embedded stack, and
Dagster's home. Does not belong here: the checks of a setting (settings) or any command.
"""

from __future__ import annotations

import io
import json
import os
from datetime import datetime
from pathlib import Path

from dotenv import dotenv_values

from metric_assets import settings as names
from metric_assets.errors import MetricAssetsError, SettingsError, UnreachableError
from metric_assets.local import stack
from metric_assets.local.demo_plan import DEMO_CUTOFF, DEMO_CUTOFFS
from metric_assets.settings import Settings

#: First line of a .env that `local up` may write again.
MARK = "# Written by `metric-assets local up`. Remove this line to keep your own changes."


def home() -> Path:
    """Where the embedded stack, the grids and Dagster's home lie."""
    return Path(os.environ.get(names.HOME) or names.DEFAULT_HOME).absolute()


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
    endpoints = None if os.environ.get(names.POSTGRES_URL) else stack.endpoints(home())
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
        names.LIVE_LAG: "1",
        names.HOME: str(home()),
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


def dagster_home() -> Path:
    """Dagster's home: DAGSTER_HOME, or one below ours that shares the project's dagster.yaml.

    Whichever it is, this process has it in its environment afterwards. Raises SettingsError for one
    that is no folder.
    """
    folder = home() / "dagster"
    given = os.environ.get("DAGSTER_HOME")
    if given and Path(given) != folder:
        if not Path(given).is_absolute() or not Path(given).is_dir():
            raise SettingsError(
                f"DAGSTER_HOME: {given} is not the absolute path of a folder that exists; make it"
                " and put a dagster.yaml into it (the project's will do), or unset DAGSTER_HOME to"
                f" have one below {names.HOME}"
            )
        return Path(given)
    ours = folder / "dagster.yaml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not ours.exists():
            ours.unlink(missing_ok=True)
            ours.symlink_to(project_file("dagster.yaml"))
    except OSError as error:
        raise home_error(error) from None
    os.environ["DAGSTER_HOME"] = str(folder)
    return folder


def home_error(error: OSError) -> SettingsError:
    """What an error of the file system below our home means."""
    at = f" ({error.filename})" if error.filename else ""
    return SettingsError(
        f"{names.HOME}: {home()} cannot be used: {error.strerror or error}{at}; name a folder that"
        " can be made and written to"
    )


def dagster_answers() -> None:
    """Raise before Dagster is started, which would try for long, if its storage does not answer.

    Where DAGSTER_HOME has a dagster.yaml with another storage, Dagster itself finds out.
    """
    file = dagster_home() / "dagster.yaml"
    try:
        configured = file.read_text(encoding="utf-8") if file.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"DAGSTER_HOME: {file} cannot be read: {error}") from None
    if names.DAGSTER_POSTGRES_URL not in configured:
        return
    from metric_assets.connect import open_dagster_storage
    from metric_assets.sql import load

    given = os.environ.get(names.DAGSTER_POSTGRES_URL)
    try:
        with open_dagster_storage(given) as storage:
            storage.frame(load("postgres/alive"), {})
    except SettingsError:
        raise
    except MetricAssetsError as error:
        raise UnreachableError(
            f"{names.DAGSTER_POSTGRES_URL}: Dagster's storage does not answer: {error}"
        ) from None


def stack_hint() -> str:
    """What to do where the stores in use are the embedded ones of our home, and these are down."""
    try:
        servers = stack.status(home())
    except (OSError, stack.LocalStackError):
        return ""
    given = {os.environ.get(names.POSTGRES_URL), os.environ.get(names.CLICKHOUSE_URL)}
    if any(not server.running and server.address in given for server in servers):
        return f"The embedded stack of {home()} is not running: `metric-assets local up` starts it"
    return ""


def project_file(name: str) -> Path:
    """A file of the project's top level: in a checkout there, installed inside the package."""
    package = Path(__file__).parents[1]
    installed = package / "_data" / name
    return installed if installed.exists() else package.parent / name


def settings() -> Settings:
    """The settings, after the environment has been filled in."""
    return Settings.load()
