"""What of Dagster's Helm chart deploy/kubernetes/values.yaml uses, described by hand.

The chart is not on a package index, so that its own values.schema.json is not here. Said here is which
keys the chart's schema (of Dagster 1.9 to 1.13) has where we set one, of which type, and what its
templates make of them: the dagster.yaml of the release and the environment that a code location hands
to its runs. A key that is not described is refused, so that a slip of the pen is found; whoever has
the chart at hand names its folder in METRIC_ASSETS_TEST_HELM_CHART, and its schema is used as well.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import kubernetes.client
from dagster_k8s.models import k8s_model_from_dict, k8s_snake_case_dict
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

#: What the chart writes into dagster.yaml besides, whatever the values.
_OTHERS = {"scheduler", "compute_logs", "sensors", "schedules"}
#: A folder with the chart, unpacked.
CHART = os.environ.get("METRIC_ASSETS_TEST_HELM_CHART", "")


def of_kubernetes(kind: str) -> AfterValidator:
    """A part that the chart passes on to Kubernetes as it is, checked by Kubernetes' own client."""

    def check(given: dict[str, Any]) -> dict[str, Any]:
        model = getattr(kubernetes.client, kind)
        k8s_model_from_dict(model, k8s_snake_case_dict(model, given))
        return given

    return AfterValidator(check)


Resources = Annotated[dict[str, Any], of_kubernetes("V1ResourceRequirements")]
PodSecurity = Annotated[dict[str, Any], of_kubernetes("V1PodSecurityContext")]
ContainerSecurity = Annotated[dict[str, Any], of_kubernetes("V1SecurityContext")]
Probe = Annotated[dict[str, Any], of_kubernetes("V1Probe")]
EnvVar = Annotated[dict[str, Any], of_kubernetes("V1EnvVar")]
SecretEnv = Annotated[dict[str, Any], of_kubernetes("V1SecretEnvSource")]
ConfigMapEnv = Annotated[dict[str, Any], of_kubernetes("V1ConfigMapEnvSource")]


class Part(BaseModel):
    """A part of the values: nothing but what is described."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Enabled(Part):
    """Something that can be left out."""

    enabled: bool


class Image(Part):
    """An image; a tag that YAML takes for a number is one digit away from another."""

    repository: str
    tag: str
    pullPolicy: Literal["Always", "IfNotPresent", "Never"]  # noqa: N815

    @property
    def name(self) -> str:
        """As Kubernetes writes it."""
        return f"{self.repository}:{self.tag}"


class Globals(Part):
    """What all parts share."""

    dagsterHome: str  # noqa: N815
    postgresqlSecretName: str  # noqa: N815


class PostgresService(Part):
    """Where Dagster's storage listens."""

    port: int


class PostgreSQL(Part):
    """Dagster's storage; the password is in a secret."""

    enabled: Literal[False]
    postgresqlHost: str  # noqa: N815
    postgresqlUsername: str  # noqa: N815
    postgresqlDatabase: str  # noqa: N815
    postgresqlScheme: str  # noqa: N815
    service: PostgresService


class Pods(Part):
    """What the deployments of the chart have in common."""

    image: Image
    podSecurityContext: PodSecurity  # noqa: N815
    securityContext: ContainerSecurity  # noqa: N815
    resources: Resources
    envConfigMaps: list[ConfigMapEnv] = []  # noqa: N815
    envSecrets: list[SecretEnv] = []  # noqa: N815
    env: list[EnvVar] = []


class WebService(Part):
    """The service of the webserver."""

    type: str
    port: int


class Webserver(Pods):
    """The UI."""

    service: WebService
    readinessProbe: Probe  # noqa: N815


class UserDeployment(Pods):
    """A code location."""

    name: str
    dagsterApiGrpcArgs: list[str]  # noqa: N815
    port: int
    includeConfigInLaunchedRuns: Enabled  # noqa: N815
    readinessProbe: dict[str, Any]  # noqa: N815


class UserDeployments(Part):
    """Code locations."""

    deployments: list[UserDeployment] = Field(min_length=1)


class Daemon(Pods):
    """The daemon; queue, monitoring and retries are said in additionalInstanceConfig."""

    runCoordinator: Enabled  # noqa: N815
    runMonitoring: Enabled  # noqa: N815
    runRetries: Enabled  # noqa: N815


class RunK8sConfig(Part):
    """What a run's job, pod and container are given; Kubernetes' words, in camel case or not."""

    containerConfig: dict[str, Any]  # noqa: N815
    podSpecConfig: dict[str, Any]  # noqa: N815
    jobSpecConfig: dict[str, Any]  # noqa: N815


class K8sRunLauncherValues(Part):
    """How runs are launched."""

    imagePullPolicy: Literal["Always", "IfNotPresent", "Never"]  # noqa: N815
    loadInclusterConfig: bool  # noqa: N815
    failPodOnRunFailure: bool  # noqa: N815
    envConfigMaps: list[ConfigMapEnv]  # noqa: N815
    envSecrets: list[SecretEnv]  # noqa: N815
    runK8sConfig: RunK8sConfig  # noqa: N815


class RunLauncherConfig(Part):
    """One of three launchers."""

    k8sRunLauncher: K8sRunLauncherValues  # noqa: N815


class RunLauncher(Part):
    """The launcher and its name."""

    type: Literal["K8sRunLauncher"]
    config: RunLauncherConfig


class Values(Part):
    """All of deploy/kubernetes/values.yaml."""

    globals: Globals = Field(alias="global")
    generatePostgresqlPasswordSecret: Literal[False]  # noqa: N815
    generateCeleryConfigSecret: Literal[False]  # noqa: N815
    postgresql: PostgreSQL
    dagsterWebserver: Webserver  # noqa: N815
    code: UserDeployments = Field(alias="dagster-user-deployments")
    dagsterDaemon: Daemon  # noqa: N815
    runLauncher: RunLauncher  # noqa: N815
    telemetry: Enabled
    additionalInstanceConfig: dict[str, Any]  # noqa: N815


def instance_of(values: Values, release: str = "dagster") -> dict[str, Any]:
    """The dagster.yaml that the chart makes of the values."""
    database = values.postgresql
    storage = {
        "postgres_db": {
            "username": database.postgresqlUsername,
            "password": {"env": "DAGSTER_PG_PASSWORD"},
            "hostname": database.postgresqlHost,
            "db_name": database.postgresqlDatabase,
            "port": database.service.port,
            "params": {},
            "scheme": database.postgresqlScheme,
        }
    }
    made: dict[str, Any] = {
        f"{name}_storage": {
            "module": f"dagster_postgres.{module}",
            "class": kind,
            "config": storage,
        }
        for name, module, kind in (
            ("schedule", "schedule_storage", "PostgresScheduleStorage"),
            ("run", "run_storage", "PostgresRunStorage"),
            ("event_log", "event_log", "PostgresEventLogStorage"),
        )
    }
    daemon = values.dagsterDaemon
    if daemon.runCoordinator.enabled:
        # Whatever is not set: the chart's own defaults are enough for it to write a limit.
        queue = {"max_concurrent_runs": -1, "dequeue_use_threads": True, "dequeue_num_workers": 4}
        made["run_coordinator"] = {
            "module": "dagster._core.run_coordinator",
            "class": "QueuedRunCoordinator",
            "config": queue,
        }
    for name, part in {
        "run_monitoring": daemon.runMonitoring,
        "run_retries": daemon.runRetries,
    }.items():
        if part.enabled:
            made[name] = {"enabled": True}
    made["run_launcher"] = {
        "module": "dagster_k8s", "class": "K8sRunLauncher", "config": _launcher(values, release),
    }  # fmt: skip
    made["telemetry"] = {"enabled": values.telemetry.enabled}
    twice = (made.keys() | _OTHERS) & values.additionalInstanceConfig.keys()
    if twice:
        raise ValueError(f"said twice in dagster.yaml: {sorted(twice)}")
    return {**made, **values.additionalInstanceConfig}


def context_of(code: UserDeployment, namespace: str = "default") -> Mapping[str, Any] | None:
    """What a code location hands to the runs that are launched from it; it wins over the launcher's."""
    if not code.includeConfigInLaunchedRuns.enabled:
        return None
    return {
        "k8s": {
            "image_pull_policy": code.image.pullPolicy,
            "env_config_maps": _names(code.envConfigMaps),
            "env_secrets": _names(code.envSecrets),
            "resources": code.resources,
            "namespace": namespace,
            "service_account_name": "dagster-user-deployments",
            "run_k8s_config": {"pod_spec_config": {"automount_service_account_token": True}},
        }
    }


def _names(sources: list[dict[str, Any]]) -> list[str]:
    return [one["name"] for one in sources]


def _launcher(values: Values, release: str) -> dict[str, Any]:
    given = values.runLauncher.config.k8sRunLauncher
    return {
        "load_incluster_config": given.loadInclusterConfig,
        "job_namespace": "default",
        "image_pull_policy": given.imagePullPolicy,
        "service_account_name": release,
        "dagster_home": values.globals.dagsterHome,
        "instance_config_map": f"{release}-instance",
        "postgres_password_secret": values.globals.postgresqlSecretName,
        "env_config_maps": _names(given.envConfigMaps),
        "env_secrets": _names(given.envSecrets),
        "run_k8s_config": {
            "container_config": given.runK8sConfig.containerConfig,
            "pod_spec_config": given.runK8sConfig.podSpecConfig,
            "job_spec_config": given.runK8sConfig.jobSpecConfig,
        },
    }
