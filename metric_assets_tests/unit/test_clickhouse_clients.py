"""What a process remembers of its servers: for how long, and not what went wrong."""

import pytest

from metric_assets.stores.clickhouse_clients import STANDS, Answers

pytestmark = pytest.mark.unit


def test_an_answer_stands_for_a_minute_and_is_asked_for_again_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each key has its own; what was forgotten is asked for at once."""
    now = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    asked = iter(range(10))
    answers: Answers[int] = Answers()

    def ask() -> int:
        return next(asked)

    assert [answers.of(key, ask) for key in "aabab"] == [0, 0, 1, 0, 1]
    now[0] += STANDS - 1
    assert answers.of("a", ask) == 0
    now[0] += 1
    assert [answers.of("a", ask), answers.of("a", ask)] == [2, 2]
    answers.forget("a")
    answers.forget("unknown")
    assert answers.of("a", ask) == 3


def test_what_could_not_be_answered_is_asked_again() -> None:
    """An error is raised to whoever asked, and kept for nobody."""
    answers: Answers[int] = Answers()

    def fails() -> int:
        raise ConnectionError("refused")

    with pytest.raises(ConnectionError, match="refused"):
        answers.of("a", fails)
    assert answers.of("a", lambda: 7) == 7
