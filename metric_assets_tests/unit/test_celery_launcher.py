"""What the launcher of Celery answers run monitoring, by what backend and workers say."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest
from dagster._core.launcher import WorkerStatus
from dagster_celery.tags import DAGSTER_CELERY_TASK_ID_TAG

from metric_assets.errors import SettingsError
from metric_assets.orchestration.celery_launcher import CeleryLauncher
from metric_assets.orchestration.celery_worker import build_app

pytestmark = pytest.mark.unit

RUN = dg.DagsterRun(job_name="a", run_id="r", tags={DAGSTER_CELERY_TASK_ID_TAG: "task"})
RUNNING, FAILED, SUCCESS = WorkerStatus.RUNNING, WorkerStatus.FAILED, WorkerStatus.SUCCESS
AT_WORK = {"one@host": {"task": ["active", {}]}}
IDLE: dict[str, dict[str, Any]] = {"one@host": {}}


class Broker:
    """A Celery application in which one task has a state, and workers answer something."""

    def __init__(self, state: str, replies: object, info: object = None) -> None:
        self.result = SimpleNamespace(state=state, info=info)
        self.replies = replies
        self.asked: list[dict[str, Any]] = []
        self.control = self

    def AsyncResult(self, task: str) -> SimpleNamespace:  # noqa: N802
        assert task == "task"
        return self.result

    def inspect(self, **options: Any) -> Broker:
        self.asked.append(options)
        return self

    def query_task(self, task: str) -> object:
        assert task == "task"
        return self.replies


def launcher(broker: Broker) -> CeleryLauncher:
    """A launcher over that application."""
    made = CeleryLauncher(default_queue="dagster")
    made.celery = broker
    return made


@pytest.mark.parametrize("state", ["STARTED", "PENDING", "RETRY", "REVOKED"])
def test_a_run_that_a_worker_has_is_running(state: str) -> None:
    """Whatever the backend knows: its memory may be gone, the work is not."""
    broker = launcher(Broker(state, AT_WORK))
    assert [broker.check_run_worker_health(RUN).status for _ in range(5)] == [RUNNING] * 5


@pytest.mark.parametrize("replies", [IDLE, {}, None], ids=["idle", "nobody", "no answer"])
@pytest.mark.parametrize("state", ["STARTED", "PENDING"])
def test_a_run_that_nobody_has_is_given_up_at_the_second_look(state: str, replies: object) -> None:
    """Once may be bad luck: the task may just have ended."""
    made = launcher(Broker(state, replies))
    assert made.check_run_worker_health(RUN).status == RUNNING
    second = made.check_run_worker_health(RUN)
    assert second.status == FAILED
    assert "task" in (second.msg or "")


def test_looks_count_in_a_row_only() -> None:
    """A worker that was missed once and answers again has the run."""
    broker = Broker("STARTED", IDLE)
    made = launcher(broker)
    said = []
    for broker.replies in (IDLE, AT_WORK, IDLE, AT_WORK):
        said.append(made.check_run_worker_health(RUN).status)
    assert said == [RUNNING] * 4


@pytest.mark.parametrize(("state", "status"), [("SUCCESS", SUCCESS), ("FAILURE", FAILED)])
def test_a_task_that_ended_is_believed(state: str, status: WorkerStatus) -> None:
    """No worker is asked; a process that was killed under a living worker is a failure at once."""
    broker = Broker(state, AT_WORK)
    assert launcher(broker).check_run_worker_health(RUN).status == status
    assert broker.asked == []


def test_the_worker_that_began_a_task_is_asked_alone() -> None:
    """Nobody waits for answers of all others."""
    broker = Broker("STARTED", AT_WORK, {"hostname": "one@host", "pid": 7})
    launcher(broker).check_run_worker_health(RUN)
    (asked,) = broker.asked
    assert (asked["destination"], asked["limit"]) == (["one@host"], 1)


def test_a_worker_wants_our_launcher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With another launcher in its dagster.yaml it says what to write there, and does not work."""
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}")
    with pytest.raises(SettingsError, match=r"DefaultRunLauncher.*class: CeleryLauncher"):
        build_app()
