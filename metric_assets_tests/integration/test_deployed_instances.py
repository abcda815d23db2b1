"""Every dagster.yaml of deploy/ is opened by Dagster, over a storage that is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dagster as dg
import pytest
import yaml
from dagster._core.instance.ref import InstanceRef
from dagster._core.run_coordinator import QueuedRunCoordinator
from dagster_docker import DockerRunLauncher
from dagster_k8s import K8sRunLauncher

from metric_assets.local.stack import Endpoints
from metric_assets.orchestration.celery_launcher import CeleryLauncher
from metric_assets_tests.conventions.files import ROOT
from metric_assets_tests.helm_chart import Values, instance_of

pytestmark = pytest.mark.integration

LAUNCHERS = {"docker": DockerRunLauncher, "celery": CeleryLauncher, "kubernetes": K8sRunLauncher}


@pytest.fixture
def storage(stack: Endpoints, monkeypatch: pytest.MonkeyPatch) -> str:
    """Dagster's storage, as the variables of deploy/ name it; nothing answers behind the broker's."""
    url = stack.dagster_postgres_url.replace("://", "+psycopg2://", 1)
    monkeypatch.setenv("METRIC_ASSETS_DAGSTER_POSTGRES_URL", url)
    for name in ("BROKER", "BACKEND"):
        monkeypatch.setenv(f"DAGSTER_CELERY_{name}_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("DAGSTER_PG_PASSWORD", "any")
    monkeypatch.setattr("kubernetes.config.load_incluster_config", lambda: None)
    return url


@pytest.mark.parametrize("name", LAUNCHERS)
def test_dagster_opens_the_instance(tmp_path: Path, storage: str, name: str) -> None:
    """With its launcher, a queue in front of it, and the limits of the project."""
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(_instance(name, storage)))
    with dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(tmp_path))) as instance:
        assert type(instance.run_launcher) is LAUNCHERS[name]
        assert isinstance(instance.run_coordinator, QueuedRunCoordinator)
        assert "PostgresEventLogStorage" in type(instance.event_log_storage).__name__
        concurrency = instance.get_concurrency_config()
        assert concurrency.pool_config.default_pool_limit == 2
        assert concurrency.pool_config.pool_granularity.value == "run"
        assert concurrency.run_queue_config.max_concurrent_runs == 4
        assert instance.run_monitoring_enabled
        assert instance.run_monitoring_max_runtime_seconds == 86_400
        assert instance.run_retries_enabled
        assert instance.run_retries_max_retries == 1
        assert not instance.run_retries_retry_on_asset_or_op_failure
        assert not instance.telemetry_enabled


def _instance(name: str, storage: str) -> dict[str, Any]:
    """The file, or what the chart makes of the values; its storage is moved to the one of the test."""
    if name != "kubernetes":
        text = (ROOT / "deploy" / name / "dagster.yaml").read_text(encoding="utf-8")
        return dict(yaml.safe_load(text))
    file = ROOT / "deploy" / "kubernetes" / "values.yaml"
    made = instance_of(Values.model_validate(yaml.safe_load(file.read_text(encoding="utf-8"))))
    parts = urlsplit(storage)
    for kind in ("run_storage", "event_log_storage", "schedule_storage"):
        database = made[kind]["config"]["postgres_db"]
        assert database["scheme"] == parts.scheme
        made[kind]["config"] = {"postgres_url": storage}
    return made
