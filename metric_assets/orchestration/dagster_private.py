"""Everything that is used of Dagster beyond its public API, in one place.

Partitioned asset checks are a preview: their results, and what the storage knows of them, have no
public names yet. metric_assets_tests/unit/test_dagster_private.py says what a new version of
Dagster has changed; pyproject.toml pins the versions in between.
"""

from __future__ import annotations

# The materialization that a check result is about.
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData,
)

# A job object as something that can be executed.
from dagster._core.definitions.job_base import InMemoryJob

# What dg.define_asset_job() returns: a type for annotations.
from dagster._core.definitions.unresolved_asset_job_definition import (
    UnresolvedAssetJobDefinition,
)

# The history of a check, of one partition.
from dagster._core.event_api import PartitionKeyFilter

# What an entry of the event log is: a type for annotations.
from dagster._core.events.log import EventLogEntry

# Running a run that has been created, in this process.
from dagster._core.execution.api import create_execution_plan, execute_run

# A backfill as the daemon takes it up, and its id.
from dagster._core.execution.backfill import PartitionBackfill

# What a dagster.yaml configures, without opening the storages that it names.
from dagster._core.instance.ref import InstanceRef

# What a launcher answers when it is asked for the process of a run.
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus

# Where a job is known: what the timeline and the page of a job show runs by.
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)

# What a run records of its steps.
from dagster._core.snap import snapshot_from_execution_plan

# Whether an evaluation that is stored passed or failed.
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

# The states of a run that may still be worked on.
from dagster._core.storage.dagster_run import IN_PROGRESS_RUN_STATUSES
from dagster._core.utils import make_new_backfill_id

# When a schedule's ticks are.
from dagster._utils.schedules import cron_string_iterator

# What dagster-postgres raises when its storage breaks off.
from dagster_postgres.utils import DagsterPostgresException

# The error of a failed step, with its causes.
from dagster_shared.error import SerializableErrorInfo

__all__ = [
    "IN_PROGRESS_RUN_STATUSES",
    "AssetCheckEvaluationTargetMaterializationData",
    "AssetCheckExecutionRecordStatus",
    "CheckRunHealthResult",
    "DagsterPostgresException",
    "EventLogEntry",
    "InMemoryJob",
    "InstanceRef",
    "PartitionBackfill",
    "PartitionKeyFilter",
    "RegisteredCodeLocationOrigin",
    "RemoteJobOrigin",
    "RemoteRepositoryOrigin",
    "SerializableErrorInfo",
    "UnresolvedAssetJobDefinition",
    "WorkerStatus",
    "create_execution_plan",
    "cron_string_iterator",
    "execute_run",
    "make_new_backfill_id",
    "snapshot_from_execution_plan",
]
