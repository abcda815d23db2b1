"""Where commands find their settings: the environment, .env, a running stack, in this order."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from metric_assets.catalog import CATALOG
from metric_assets.cli import environment
from metric_assets.errors import SettingsError
from metric_assets.home import dagster_home
from metric_assets.local import demo_plan
from metric_assets.local.stack import Endpoints
from metric_assets.settings import Settings

pytestmark = pytest.mark.unit

ENDPOINTS = Endpoints(
    postgres_url="postgresql://metric_assets@/platform?host=/run/x",
    dagster_postgres_url="postgresql://metric_assets@/dagster?host=/run/x",
    clickhouse_url="http://default:@127.0.0.1:9/default",
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder and an environment without any of our variables."""
    monkeypatch.chdir(tmp_path)
    for name in [*os.environ]:
        if name.startswith(("METRIC_ASSETS_", "DAGSTER_")):
            monkeypatch.delenv(name)
    return tmp_path


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("postgresql://u:p@h/d", "postgresql+psycopg2://u:p@h/d"),
        ("postgres://u:p@h/d", "postgresql+psycopg2://u:p@h/d"),
        ("postgresql+psycopg2://u:p@h/d", "postgresql+psycopg2://u:p@h/d"),
        ("postgresql+pg8000://u:p@h/d", "postgresql+pg8000://u:p@h/d"),
    ],
)
def test_the_driver_is_spelled_out(given: str, used: str) -> None:
    """Plain postgresql:// becomes the driver that Dagster's storage works with."""
    assert environment.with_driver(given) == used


def test_the_environment_wins_over_dotenv(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the shell says stays; what it does not say comes from .env."""
    (folder / ".env").write_text(
        "METRIC_ASSETS_TARGET_TABLE=fromFile\nMETRIC_ASSETS_CUTOFF=2025-01-01\n"
        "METRIC_ASSETS_DAGSTER_POSTGRES_URL=postgresql://d\n"
    )
    monkeypatch.setenv("METRIC_ASSETS_TARGET_TABLE", "fromShell")
    for name in ("METRIC_ASSETS_CUTOFF", "METRIC_ASSETS_DAGSTER_POSTGRES_URL"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    environment.load_environment()
    assert os.environ["METRIC_ASSETS_TARGET_TABLE"] == "fromShell"
    assert os.environ["METRIC_ASSETS_CUTOFF"] == "2025-01-01"
    assert os.environ["METRIC_ASSETS_DAGSTER_POSTGRES_URL"] == "postgresql+psycopg2://d"


def test_a_dotenv_of_the_users_own_is_left_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`local up` writes .env once and again, but never over one that somebody else wrote."""
    monkeypatch.setenv("DAGSTER_HOME", "")
    assert environment.write_dotenv(ENDPOINTS)
    ours = (folder / ".env").read_text()
    assert "METRIC_ASSETS_POSTGRES_URL='postgresql://metric_assets@/platform?host=/run/x'" in ours
    assert environment.write_dotenv(ENDPOINTS)
    (folder / ".env").write_text("MINE=1\n")
    assert not environment.write_dotenv(ENDPOINTS)
    assert (folder / ".env").read_text() == "MINE=1\n"


def test_dagsters_home_shares_the_projects_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without DAGSTER_HOME one is made below ours, with the project's dagster.yaml in it, and used."""
    monkeypatch.setenv("DAGSTER_HOME", "")
    home = dagster_home()
    assert os.environ["DAGSTER_HOME"] == str(home)
    assert home == folder / ".metric_assets/dagster"
    project = Path(__file__).parents[2]
    assert (home / "dagster.yaml").resolve() == project / "dagster.yaml"


@pytest.mark.promise(
    "Refused by name, before a row is read.",
    when="a `DAGSTER_HOME` that is not a folder",
    area="settings",
)
@pytest.mark.parametrize("given", ["/nowhere/at/all", "relative"])
def test_a_home_of_dagster_that_is_no_folder_is_refused(
    monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    """The message names the variable, what was found and what to do; Dagster's would be a trace."""
    monkeypatch.setenv("DAGSTER_HOME", given)
    with pytest.raises(
        SettingsError, match=f"^DAGSTER_HOME: {given} is not .* make it .* or unset"
    ):
        dagster_home()


def test_our_own_home_of_dagster_is_made_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A .env that outlived the folder it names does no harm."""
    monkeypatch.setenv("DAGSTER_HOME", str(folder / ".metric_assets/dagster"))
    assert (dagster_home() / "dagster.yaml").exists()


def test_the_demos_dotenv_does_not_mix_with_other_stores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the shell names another store, the demo's cutoff must not come with it."""
    monkeypatch.setenv("DAGSTER_HOME", "")
    environment.write_dotenv(ENDPOINTS)
    for name in ("METRIC_ASSETS_CUTOFF", "METRIC_ASSETS_CUTOFFS", "METRIC_ASSETS_HOME"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("METRIC_ASSETS_POSTGRES_URL", "postgresql://u@production/p")
    environment.load_environment()
    assert "METRIC_ASSETS_CUTOFF" not in os.environ
    assert "METRIC_ASSETS_CLICKHOUSE_URL" not in os.environ


def test_the_demos_cutoffs_are_those_its_data_is_made_for() -> None:
    """The settings of `local up` and the generator name the same instants."""
    given = environment.local_variables(ENDPOINTS)
    assert given["METRIC_ASSETS_CUTOFF"] == "2025-10-01T00:00:00Z"
    assert given["METRIC_ASSETS_CUTOFFS"] == '{"Image": "2024-08-07T15:44:39.044Z"}'
    settings = Settings.load(given)
    assert {name: settings.cutoff_of(name) for name in CATALOG.entity} == {
        name: demo_plan.cutoff_of(name) for name in CATALOG.entity
    }
