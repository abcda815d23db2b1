"""What the log of a run says of its progress."""

from __future__ import annotations

import pytest

from metric_assets.orchestration.progress import PROGRESS_SECONDS, Progress
from metric_assets.orchestration.run_log import RunLog

pytestmark = pytest.mark.unit


class Clock:
    """Seconds that go by when they are told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_time_left_is_that_of_the_ranges_done() -> None:
    """Four ranges; two took 60 s each, and the third has taken 20 s: 100 s are left."""
    clock = Clock()
    progress = Progress(clock)
    progress.expects(4)
    assert progress.whole == "0 of 4 ranges are done"
    for _ in range(2):
        progress.began("tag/engaged 0-9")
        clock.now += 60
        progress.ended()
    progress.began("tag/engaged 20-29")
    clock.now += 20
    assert progress.whole == "2 of 4 ranges are done, about 2 min left"
    assert progress.read(1_000) == (
        "tag/engaged 20-29: 1,000 rows read in 20 s, 50 a second;"
        " 2 of 4 ranges are done, about 2 min left"
    )


def test_a_range_is_told_of_now_and_then() -> None:
    """Nothing before its time has come; of a single range there is nothing to wait for after it."""
    clock = Clock()
    progress = Progress(clock)
    progress.expects(1)
    progress.began("tag/engaged 0-9")
    clock.now += PROGRESS_SECONDS - 1
    assert progress.read(5) == ""
    clock.now += 1
    assert progress.read(30) == "tag/engaged 0-9: 30 rows read in 15 s, 2 a second"
    clock.now += 1
    assert progress.read(31) == ""
    progress.ended()
    assert progress.whole == ""


@pytest.mark.parametrize(
    ("each", "said"), [(10, "20 s"), (600, "20 min"), (7_200, "4.0 h")]
)  # fmt: skip
def test_long_spans_are_told_in_larger_units(each: float, said: str) -> None:
    """Seconds, minutes, hours."""
    clock = Clock()
    progress = Progress(clock)
    progress.expects(3)
    clock.now += each
    progress.ended()
    assert progress.whole == f"1 of 3 ranges are done, about {said} left"


def test_the_log_closes_with_how_far_it_is() -> None:
    """Below what is logged, once an entry; nothing where there is nothing to say."""
    written: list[str] = []
    closing = ["1 of 2", ""]
    log = RunLog(written.append, lambda: closing.pop(0))
    log.add(["a"])
    log.add(["b"])
    log.flush()
    assert written == ["a\n1 of 2", "b"]
