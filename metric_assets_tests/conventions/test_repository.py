from __future__ import annotations

import re
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from metric_assets import settings as names
from metric_assets_tests.conventions.files import MODULES, ROOT, name_of

pytestmark = pytest.mark.conventions

#: Put together here, so that this file does not break its own rule.
MACHINE = ["/" + "work/", "/" + "root/"]
REGISTRIES = [
    "pypi" + ".org",
    "files.python" + "hosted",
    "registry.npm" + "js",
    "deb.deb" + "ian",
]


def tracked() -> list[Path]:
    """Files of the repository; of an unpacked archive, all that are not hidden."""
    done = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        listed = [ROOT / name for name in done.stdout.split("\0") if name]
        return [path for path in listed if path.is_file()]
    return [
        path
        for path in ROOT.rglob("*")
        if path.is_file() and not any(part.startswith(".") for part in path.parts)
    ]


@pytest.mark.parametrize("needle", MACHINE + REGISTRIES, ids=lambda needle: needle.strip("/"))
def test_the_repository_knows_no_machine(needle: str) -> None:
    """No file holds a path of the machine it was written on, or the address of a registry."""
    found = [name_of(path) for path in tracked() if needle.encode() in path.read_bytes()]
    assert found == []


def _yaml(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def _project() -> dict[str, Any]:
    tomllib = pytest.importorskip("tomllib")
    found: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return found


def test_the_workspace_names_what_exists() -> None:
    """workspace.yaml and pyproject.toml load the same module under the same name."""
    (location,) = _yaml("workspace.yaml")["load_from"]
    module = location["python_module"]
    assert find_spec(module["module_name"]) is not None
    declared = _project()["tool"]["dagster"]
    assert module["module_name"] == declared["module_name"] == "metric_assets.definitions"
    assert module["location_name"] == declared["code_location_name"]


def test_dagsters_storage_is_named_as_our_setting() -> None:
    """dagster.yaml reads the URL from the variable that the command line converts."""
    storage = _yaml("dagster.yaml")["storage"]
    assert storage == {"postgres": {"postgres_url": {"env": names.DAGSTER_POSTGRES_URL}}}
    assert names.DAGSTER_POSTGRES_URL == "METRIC_ASSETS_DAGSTER_POSTGRES_URL"


def test_dagsters_limits_are_set() -> None:
    """Runs are bounded, pools hold whole runs, dead runs are noticed, nothing is sent home."""
    instance = _yaml("dagster.yaml")
    assert instance["concurrency"]["runs"]["max_concurrent_runs"] >= 1
    assert instance["concurrency"]["pools"]["granularity"] == "run"
    assert instance["run_monitoring"]["enabled"] is True
    assert instance["telemetry"] == {"enabled": False}


def test_what_the_package_ships_exists() -> None:
    """Everything the wheel is told to include is there; the script's function is, too."""
    project = _project()
    shipped = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert all((ROOT / name).exists() for name in shipped)
    assert project["project"]["scripts"] == {"metric-assets": "metric_assets.cli:main"}
    assert (ROOT / project["project"]["readme"]).is_file()


def test_settings_are_read_in_one_place() -> None:
    """The name of a setting is written once; elsewhere it is part of a sentence or imported.

    The embedded stack talks to its own processes by variables of its own.
    """
    literal = re.compile(r"""["']METRIC_ASSETS_[A-Z_]+["']""")
    found = {
        name_of(module)
        for module in MODULES
        if "local" not in module.parts and literal.search(module.read_text(encoding="utf-8"))
    }
    assert found == {"metric_assets/settings/names.py"}


def test_hooks_come_from_pypi_in_our_versions() -> None:
    """pre-commit clones nothing; its ruff is the one of constraints.txt."""
    repos = _yaml(".pre-commit-config.yaml")["repos"]
    assert [one["repo"] for one in repos] == ["local"]
    hooks = [hook for one in repos for hook in one["hooks"]]
    needs = {need for hook in hooks for need in hook.get("additional_dependencies", ())}
    pinned = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert all("==" in need for need in needs)
    assert {need for need in needs if need.startswith("ruff==")} <= set(pinned)


def test_the_workflow_runs_what_a_person_runs() -> None:
    """Hosted CI calls `make test`, from the oldest Python that the project takes on."""
    jobs = _yaml(".github/workflows/test.yml")["jobs"]
    versions = jobs["test"]["strategy"]["matrix"]["python"]
    assert versions == ["3.10", "3.11", "3.12", "3.13"]
    assert _project()["project"]["requires-python"] == f">={versions[0]}"
    commands = {name: [step.get("run", "") for step in job["steps"]] for name, job in jobs.items()}
    assert any(command.startswith("make test") for command in commands["test"])
    assert ".ci/run" in commands["debian"]


def test_a_clone_is_complete() -> None:
    """The files that people and tools look for at the top are there."""
    wanted = (
        "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE", "Makefile",
        ".editorconfig", ".gitignore", ".pre-commit-config.yaml", "constraints.txt",
    )  # fmt: skip
    assert [name for name in wanted if not (ROOT / name).is_file()] == []
