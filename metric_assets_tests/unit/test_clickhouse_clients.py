"""What a process remembers of its servers: for how long, and not what went wrong."""

from typing import ClassVar

import pytest

from metric_assets.errors import UnavailableError
from metric_assets.sql import load
from metric_assets.stores.clickhouse import ClickHouse
from metric_assets.stores.clickhouse_address import Address
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


def test_stores_of_one_url_share_a_client_until_its_server_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another password is another URL. A client whose server does not answer is made anew."""

    class Gone:
        server_settings: ClassVar[dict[str, object]] = {}

        def query_arrow(self, *_: object, **__: object) -> None:
            raise ConnectionError("refused")

    monkeypatch.setattr(Address, "connect", lambda *_: Gone())
    url = "http://default:{}@127.0.0.1:1/shared"
    first, second = (ClickHouse(url.format("a")) for _ in range(2))
    known = first.client
    assert second.client is known
    assert ClickHouse(url.format("b")).client is not known
    with pytest.raises(UnavailableError):
        second.frame(load("clickhouse/now"), {})
    assert ClickHouse(url.format("a")).client is not known
