"""Whether a launcher's runs have the ranges of this process."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from metric_assets.doctor import launcher
from metric_assets.doctor.findings import Finding, guarded
from metric_assets.ranges import Grid
from metric_assets.settings import Settings
from metric_assets_tests.conventions.files import ROOT

pytestmark = pytest.mark.unit

RANGES = "METRIC_ASSETS_RANGES"
GRIDS = {"Tag": Grid(50_000, 100_000, (-50_000,))}
AS_TEXT = '{"Tag": {"size": 50000, "stop": 100000, "extra": [-50000]}}'


def examined(home: Path, grids: Mapping[str, Grid], **environ: str) -> Finding:
    """The one finding, with DAGSTER_HOME at ``home``."""
    settings = Settings(home=home, grids=grids)
    (found,) = guarded(
        "Dagster: launcher", launcher.examine({"DAGSTER_HOME": str(home), **environ}, settings)
    )
    return found


@pytest.mark.parametrize("name", ["docker", "celery"])
def test_ranges_in_a_file_fail_where_runs_are_elsewhere(tmp_path: Path, name: str) -> None:
    """The value to set is said, and with it set nothing is wrong."""
    (tmp_path / "dagster.yaml").write_bytes((ROOT / "deploy" / name / "dagster.yaml").read_bytes())
    wrong = examined(tmp_path, GRIDS)
    assert wrong.status == "failed"
    assert str(tmp_path / "ranges.json") in wrong.found
    value = wrong.advice.partition(" to ")[2]
    assert json.loads(value) == json.loads(AS_TEXT)
    assert (
        examined(tmp_path, Settings.load({RANGES: value}).grids, **{RANGES: value}).status == "ok"
    )


def test_the_catalogs_ranges_are_everywhere(tmp_path: Path) -> None:
    """Without any grid of one's own nothing can differ."""
    (tmp_path / "dagster.yaml").write_text("run_launcher: {module: m, class: K8sRunLauncher}")
    assert examined(tmp_path, {}).status == "ok"


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "telemetry: {enabled: false}",
        "run_launcher: {module: m, class: DefaultRunLauncher}",
    ],
    ids=["no file", "empty", "no launcher", "the default"],
)
def test_a_file_is_fine_for_runs_of_this_machine(tmp_path: Path, text: str | None) -> None:
    """The default launcher's runs read the same ranges.json."""
    if text is not None:
        (tmp_path / "dagster.yaml").write_text(text)
    assert examined(tmp_path, GRIDS).status == "ok"


@pytest.mark.parametrize("text", ["a: [", "- a list", "run_launcher: text"])
def test_a_dagster_yaml_that_cannot_be_read_is_named(tmp_path: Path, text: str) -> None:
    """What Dagster could not read either is told by its path."""
    (tmp_path / "dagster.yaml").write_text(text)
    found = examined(tmp_path, GRIDS)
    assert found.status == "failed"
    assert str(tmp_path / "dagster.yaml") in found.found


def test_without_a_home_of_dagsters_nothing_is_launched_elsewhere(tmp_path: Path) -> None:
    """The commands' own home has the project's dagster.yaml, which names no launcher."""
    (found,) = launcher.examine({}, Settings(home=tmp_path, grids=GRIDS))
    assert found.status == "ok"
