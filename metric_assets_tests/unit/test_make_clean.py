"""`make clean` removes what the demo made, and nothing else."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from metric_assets.cli.environment import MARK
from metric_assets_tests.conventions.files import ROOT

pytestmark = [
    pytest.mark.unit,
    pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project folder in which the demo ran, without its virtual environment."""
    shutil.copyfile(ROOT / "Makefile", tmp_path / "Makefile")
    home = tmp_path / ".metric_assets"
    (home / "logs").mkdir(parents=True)
    for name in ("ranges.json", "ranges.demo.json"):
        (home / name).write_text('{"Tag": {"size": 5, "stop": 10}}')
    (tmp_path / ".env").write_text(f"{MARK}\nA=1\n")
    return tmp_path


def clean(folder: Path) -> tuple[str, set[str]]:
    """What the command says, and which files it leaves."""
    done = subprocess.run(
        ["make", "-s", "clean"], cwd=folder, capture_output=True, text=True, check=True, timeout=60
    )
    kept = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    return done.stdout, kept - {"Makefile"}


def test_what_the_demo_wrote_is_removed(folder: Path) -> None:
    """Its .env has a mark, its ranges.json a twin: nothing is left, nothing is said."""
    assert clean(folder) == ("", set())


def test_a_dotenv_of_the_users_is_kept(folder: Path) -> None:
    """Without the mark it is the user's, and the command says that it stays."""
    (folder / ".env").write_text("METRIC_ASSETS_CUTOFF=2025-10-01\n")
    said, kept = clean(folder)
    assert kept == {".env"}
    assert "kept .env" in said


@pytest.mark.parametrize("twin", [True, False])
def test_a_grid_of_the_users_is_kept(folder: Path, twin: bool) -> None:
    """A ranges.json changed since the demo, or without a demo at all, stays; the rest goes."""
    home = folder / ".metric_assets"
    (home / "ranges.json").write_text('{"Tag": {"size": 5, "stop": 20}}')
    if not twin:
        (home / "ranges.demo.json").unlink()
    said, kept = clean(folder)
    assert kept == {".metric_assets/ranges.json"}
    assert not (home / "logs").exists()
    assert "kept .metric_assets/ranges.json" in said
