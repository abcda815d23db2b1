"""deploy/kubernetes/values.yaml: what the chart takes, and the job that a run becomes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import dagster as dg
import jsonschema
import pytest
import yaml
from dagster._config import process_config
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.origin import JobPythonOrigin, RepositoryPythonOrigin
from dagster_k8s import K8sRunLauncher

from metric_assets_tests.conventions.files import ROOT
from metric_assets_tests.helm_chart import CHART, Values, context_of, instance_of

pytestmark = pytest.mark.unit

FILE = ROOT / "deploy" / "kubernetes" / "values.yaml"


def given() -> dict[str, Any]:
    """The file."""
    read: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return read


class Cluster:
    """Takes jobs and starts none."""

    def __init__(self) -> None:
        self.jobs: list[Any] = []

    def create_namespaced_job_with_retries(self, body: Any, namespace: str) -> None:
        assert namespace == "default"
        self.jobs.append(body)


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The job of a run that the code location of the values launches."""
    monkeypatch.setattr("kubernetes.config.load_incluster_config", lambda: None)
    values = Values.model_validate(given())
    schema: Any = K8sRunLauncher.config_type()  # type: ignore[no-untyped-call]
    config = process_config(schema, instance_of(values)["run_launcher"]["config"])
    assert config.success, config.errors
    assert config.value is not None
    launcher = K8sRunLauncher(**config.value)
    cluster = launcher._api_client = Cluster()
    (code,) = values.code.deployments
    origin = RepositoryPythonOrigin(
        executable_path="/opt/venv/bin/python",
        code_pointer=ModuleCodePointer("metric_assets.definitions", "defs"),
        container_image=code.image.name,
        entry_point=["dagster"],
        container_context=context_of(code),
    )
    run = dg.DagsterRun(
        job_name="backfill_Tag", job_code_origin=JobPythonOrigin("backfill_Tag", origin)
    )
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_run(run)
        launcher.register_instance(instance)
        launcher._launch_k8s_job_with_args("job", ["dagster"], run)
    (made,) = cluster.jobs
    return made


def test_the_chart_takes_the_values() -> None:
    """Every key is one of the chart's, of its type; what goes to Kubernetes, Kubernetes' client takes."""
    Values.model_validate(given())


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("dagsterWebserver", "imge"), {}),
        (("dagsterWebserver", "image", "tag"), 1.0),
        (("dagsterDaemon", "podSecurityContext", "runAsNonRot"), True),
        (("dagsterDaemon", "resources", "limts"), {}),
        (("runLauncher", "type"), "CeleryK8sRunLauncher"),
        (("postgresql", "postgresqlPassword"), "secret"),
    ],
)
def test_a_slip_of_the_pen_is_found(path: tuple[str, ...], value: object) -> None:
    """A key that the chart would ignore, or refuse, does not pass."""
    values = given()
    place = values
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    # Errors of Kubernetes' client are plain exceptions.
    with pytest.raises(Exception, match=path[-1]):
        Values.model_validate(values)


@pytest.mark.skipif(not CHART, reason="METRIC_ASSETS_TEST_HELM_CHART names no chart")
def test_the_charts_own_schema_takes_the_values() -> None:
    """Merged over the chart's values as Helm does; what Kubernetes defines is checked above."""
    schema = json.loads((Path(CHART) / "values.schema.json").read_text(encoding="utf-8"))
    values = yaml.safe_load((Path(CHART) / "values.yaml").read_text(encoding="utf-8"))
    jsonschema.validate(_merged(values, given()), _without_remote(schema))


def test_a_run_is_given_settings_and_secrets_by_name(job: Any) -> None:
    """What the code location has, its runs have; the password of Dagster's storage is a reference."""
    (container,) = job.spec.template.spec.containers
    sources = container.env_from
    assert {one.secret_ref.name for one in sources if one.secret_ref} == {"metric-assets"}
    assert {one.config_map_ref.name for one in sources if one.config_map_ref} == {"metric-assets"}
    (password,) = (one for one in container.env if one.name == "DAGSTER_PG_PASSWORD")
    reference = password.value_from.secret_key_ref
    assert (reference.name, reference.key) == ("dagster-postgresql", "postgresql-password")


def test_a_run_has_resources_of_its_own(job: Any) -> None:
    """Not those of the code location, and the same image."""
    (container,) = job.spec.template.spec.containers
    assert container.resources.requests == {"cpu": "1", "memory": "1Gi"}
    assert container.resources.limits == {"memory": "2Gi"}
    assert container.image == "registry.example.com/metric-assets:0.1.0"


def test_a_run_is_not_root(job: Any) -> None:
    """Nor may it become root; a pod that ends has the time to clean up."""
    pod = job.spec.template.spec
    (container,) = pod.containers
    assert pod.security_context.run_as_non_root is True
    assert pod.security_context.run_as_user == 10001
    assert container.security_context.allow_privilege_escalation is False
    assert pod.termination_grace_period_seconds >= 60


def test_user_and_home_are_those_of_the_image() -> None:
    """The Dockerfile makes the folder and the user that the values name."""
    text = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    values = Values.model_validate(given())
    security = values.dagsterDaemon.podSecurityContext
    assert f"USER {security['runAsUser']}:{security['runAsGroup']}" in text
    assert f"DAGSTER_HOME={values.globals.dagsterHome}" in text


def _merged(below: Any, above: Any) -> Any:
    if isinstance(below, dict) and isinstance(above, dict):
        return {
            key: _merged(below.get(key), above.get(key, below.get(key))) for key in {*below, *above}
        }
    return above


def _without_remote(schema: Any) -> Any:
    """The schema without references to definitions of Kubernetes on the network."""
    if isinstance(schema, dict):
        return {
            key: _without_remote(value)
            for key, value in schema.items()
            if not (key == "$ref" and str(value).startswith("http"))
        }
    return [*map(_without_remote, schema)] if isinstance(schema, list) else schema
