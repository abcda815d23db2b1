"""Signals: the first one stops the work, the second one does not disturb its cleaning up."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from metric_assets.orchestration.interruptions import asked, handled, one_interruption

pytestmark = pytest.mark.unit


def work(number: signal.Signals, cleaned: list[bool]) -> None:
    """Work that a signal ends, whose cleaning up is met by two more."""
    try:
        signal.raise_signal(number)
    finally:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
        cleaned.append(True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_raises_and_the_second_does_not(number: signal.Signals) -> None:
    """SIGTERM is like SIGINT; while what the first began is cleaned up, more of them do nothing."""
    before = signal.getsignal(number)
    with handled():
        cleaned: list[bool] = []
        with pytest.raises(KeyboardInterrupt):
            work(number, cleaned)
        assert cleaned == [True]
        assert asked()
    assert not asked()
    assert signal.getsignal(number) is before


def test_within_another_handler_the_first_is_its_own() -> None:
    """Dagster's handler, which raises at every signal, is asked once."""

    class Interrupted(BaseException):
        pass

    def dagsters(*_: object) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGINT, dagsters)
    try:
        cleaned: list[bool] = []
        with pytest.raises(Interrupted), one_interruption():
            work(signal.SIGINT, cleaned)
        assert cleaned == [True]
        assert signal.getsignal(signal.SIGINT) is dagsters
    finally:
        signal.signal(signal.SIGINT, before)


def test_what_would_begin_after_a_signal_does_not() -> None:
    """Where Dagster has swallowed an interruption the next step ends before it begins."""
    with handled():
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt), one_interruption():
            pytest.fail("began")


def test_a_process_that_hangs_in_its_cleaning_up_can_be_ended(tmp_path: Path) -> None:
    """Long after the first signal another one ends the process at once, with 130."""
    program = (
        "import signal\n"
        "from metric_assets.orchestration import interruptions\n"
        "interruptions.CLEANUP_SECONDS = -1\n"
        "with interruptions.handled():\n"
        "    try:\n        signal.raise_signal(signal.SIGINT)\n"
        "    finally:\n        signal.raise_signal(signal.SIGINT)\n        print('hung')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (130, "")
    assert list(tmp_path.iterdir()) == []
