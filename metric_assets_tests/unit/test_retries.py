"""What a failed step becomes: a retry that says so, or a failure that is its own cause."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pytest

from metric_assets.errors import BusyError, MetricAssetsError, SettingsError, UnreachableError
from metric_assets.operations import listener as listeners
from metric_assets.operations.listener import Retry
from metric_assets.orchestration.retries import BACKOFF, step_error

pytestmark = pytest.mark.unit


class Context:
    """As much of Dagster's context as a failing step needs."""

    def __init__(self, retries: int) -> None:
        self.retry_number = retries
        self.warnings: list[str] = []
        self.log = self
        self.op = self
        self.name = "tag__engaged"

    def warning(self, text: str) -> None:
        self.warnings.append(text)


class Listener(listeners.Listener):
    def __init__(self) -> None:
        self.retries: list[Retry] = []

    def retrying(self, retry: Retry) -> None:
        self.retries.append(retry)


def ended(error: MetricAssetsError, retries: int) -> tuple[Exception, Context, Listener]:
    """What a step raises after so many retries, and who was told."""
    context: Any = Context(retries)
    listener = Listener()
    return step_error(error, context, listener), context, listener


def test_a_retry_is_told_before_it_begins() -> None:
    """The run's log and the listener hear what failed, why, when it goes on, and how often still."""
    error, context, listener = ended(BusyError("Tag/Follower/0-9: another run"), 1)
    assert isinstance(error, dg.RetryRequested)
    (retry,) = listener.retries
    assert (retry.attempt, retry.attempts) == (3, 5)
    assert retry.seconds == error.seconds_to_wait
    assert 5 < retry.seconds < 21
    assert context.warnings == [retry.sentence]
    assert retry.sentence.startswith(
        "tag__engaged: Tag/Follower/0-9: another run; trying again in "
    )
    assert retry.sentence.endswith("attempt 3 of 5")


def test_after_the_last_retry_the_failure_is_the_cause() -> None:
    """Not `Exceeded max_retries of 4`: the words of the last attempt, and that there were five."""
    error, _, listener = ended(BusyError("Tag/Follower/0-9: another run"), BACKOFF.max_retries)
    assert isinstance(error, dg.Failure)
    assert error.description == "Tag/Follower/0-9: another run (tried 5 times)"
    assert error.allow_retries is False
    assert listener.retries == []


@pytest.mark.parametrize("error", [SettingsError("x: y"), UnreachableError("x: y")])
def test_what_is_not_transient_is_not_retried(error: MetricAssetsError) -> None:
    """A wrong setting or password fails at the first attempt."""
    failure, _, listener = ended(error, 0)
    assert isinstance(failure, dg.Failure)
    assert failure.description == "x: y"
    assert failure.allow_retries is False
    assert listener.retries == []
