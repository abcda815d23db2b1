"""Runs that a command executes in its own process, recorded as runs of jobs that the UI knows.

So they appear in the UI's timeline and on the page of their job, with who began them. Belongs here:
how such a run is recorded and executed. Does not belong here: which runs there are (running).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import dagster as dg

from metric_assets.actor import this_process
from metric_assets.orchestration.dagster_private import (
    InMemoryJob,
    RegisteredCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
    create_execution_plan,
    execute_run,
    snapshot_from_execution_plan,
)
from metric_assets.orchestration.processes import own_tags
from metric_assets.stores.postgres_standing import STANDING

#: The code location of workspace.yaml, and the repository that Dagster makes of definitions.
LOCATION, REPOSITORY = "metric_assets", "__repository__"
#: Tags of runs: who began them, on which machine (processes.HOST), by which command.
USER, COMMAND = "metric_assets/user", "metric_assets/command"


def actor_tags() -> dict[str, str]:
    """The tags that say who began a run."""
    actor = this_process()
    return {USER: actor.user, COMMAND: actor.command}


def execute_here(  # noqa: PLR0913 - what is run, where, and how it is told
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    tags: Mapping[str, str],
    *,
    assets: Collection[dg.AssetKey] = (),
    checks: Collection[dg.AssetCheckKey] | None = None,
    run_config: Mapping[str, Any],
) -> dg.JobExecutionResult:
    """Run some assets or checks of a job here; an interruption is raised as KeyboardInterrupt.

    Without ``checks`` all checks of the assets are run, without both the whole job. The tags say
    whose process it is, and that no daemon may begin it again: only a command can.
    """
    # What the process is told of itself comes last: nobody else may say it.
    known = {**job.run_tags, **tags, **own_tags(), **actor_tags(), "dagster/max_retries": "0"}
    chosen = None if checks is None else frozenset(checks)
    selected = None if chosen is None and not assets else frozenset(assets)
    run = _create(job, instance, known, selected, chosen, run_config)
    try:
        return execute_run(InMemoryJob(job), run, instance)
    except dg.DagsterExecutionInterruptedError:
        raise KeyboardInterrupt from None
    finally:
        STANDING.end_all()


def _create(  # noqa: PLR0913 - what a run is made of
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    tags: Mapping[str, str],
    assets: frozenset[dg.AssetKey] | None,
    checks: frozenset[dg.AssetCheckKey] | None,
    run_config: Mapping[str, Any],
) -> dg.DagsterRun:
    """Record a run of a job, of some assets or checks of it or (None for both) the whole."""
    subset = (
        job
        if assets is None
        else job.get_subset(asset_selection=assets, asset_check_selection=checks)
    )
    plan = create_execution_plan(
        InMemoryJob(subset), run_config=run_config, instance_ref=instance.get_ref()
    )
    return instance.create_run(
        job_name=job.name,
        run_id=None,
        run_config=run_config,
        status=None,
        tags=tags,
        root_run_id=None,
        parent_run_id=None,
        step_keys_to_execute=plan.step_keys_to_execute,
        execution_plan_snapshot=snapshot_from_execution_plan(plan, subset.get_job_snapshot_id()),
        job_snapshot=subset.get_job_snapshot(),
        parent_job_snapshot=subset.get_parent_job_snapshot(),
        asset_selection=assets,
        asset_check_selection=checks,
        resolved_op_selection=None,
        op_selection=None,
        remote_job_origin=_origin(job.name),
        job_code_origin=None,
        asset_graph=subset.asset_layer.asset_graph,
    )


def _origin(job: str) -> RemoteJobOrigin:
    location = RegisteredCodeLocationOrigin(LOCATION)
    return RemoteJobOrigin(RemoteRepositoryOrigin(location, REPOSITORY), job)
