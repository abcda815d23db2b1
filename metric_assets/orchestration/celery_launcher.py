"""Runs by Celery workers on several machines: a launcher that notices dead workers.

Belongs here: where the state of a run's worker is looked for, and how a run is ended. Does not
belong here: a worker (celery_worker).
"""

from __future__ import annotations

from typing import Any

import dagster as dg
from dagster_celery.launcher import CeleryRunLauncher
from dagster_celery.tags import DAGSTER_CELERY_TASK_ID_TAG as TASK_TAG

from metric_assets.orchestration.dagster_private import CheckRunHealthResult, WorkerStatus

#: How often in a row no worker may say that it has a run before that run is given up.
MISSES = 2
#: Seconds that workers have to say so.
_ANSWER_SECONDS = 5.0
#: What a task that ended by itself leaves behind; anything else says nothing about its worker.
_ENDED = frozenset({"SUCCESS", "FAILURE"})


class CeleryLauncher(CeleryRunLauncher):
    """dagster-celery's launcher with two differences.

    A worker that was killed, or whose machine died, leaves its task "started" for good, and results
    that a broker lost are "pending" while the work goes on: so the workers themselves are asked. A
    run that none of them has is given up, and Dagster's run retries begin it again.

    A terminated run is marked so before its worker is told: else it would count as a crash, and be
    begun again.
    """

    def __init__(self, **config: Any) -> None:
        super().__init__(**config)
        self._missed: dict[str, int] = {}

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Whether a worker has the run; asked by run monitoring."""
        task = run.tags[TASK_TAG]
        result = self.celery.AsyncResult(task)
        if result.state in _ENDED:
            self._missed.pop(run.run_id, None)
            return super().check_run_worker_health(run)
        if self._at_work(task, result.info):
            self._missed.pop(run.run_id, None)
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        missed = self._missed.get(run.run_id, 0) + 1
        if missed < MISSES:
            # The task may have ended while the workers were asked, or the broker been slow.
            self._missed[run.run_id] = missed
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        self._missed.pop(run.run_id, None)
        return CheckRunHealthResult(
            WorkerStatus.FAILED, f"no Celery worker has task {task}: its worker died"
        )

    def terminate(self, run_id: str) -> bool:
        """End a run as the UI's "Terminate" does: its worker is sent SIGTERM and cleans up."""
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished or TASK_TAG not in run.tags:
            return False
        self._instance.report_run_canceling(run)
        return super().terminate(run_id)

    def _at_work(self, task: str, info: object) -> bool:
        """Whether a worker says that it has a task: the one that began it, if that is known."""
        began = info.get("hostname") if isinstance(info, dict) else None
        known = {"destination": [began], "limit": 1} if began else {}
        replies = self.celery.control.inspect(timeout=_ANSWER_SECONDS, **known).query_task(task)
        return any(task in tasks for tasks in (replies or {}).values())
