"""Who acts."""

from __future__ import annotations

import getpass

import pytest

from metric_assets.actor import this_process

pytestmark = pytest.mark.unit


def test_the_command_is_told_as_it_was_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """User, host and command; the run comes later."""
    monkeypatch.setattr("sys.argv", ["/opt/bin/metric-assets", "backfill", "User/Follower", "a b"])
    monkeypatch.setattr("getpass.getuser", lambda: "ada")
    monkeypatch.setattr("socket.gethostname", lambda: "engine-1")
    actor = this_process()
    assert (actor.user, actor.host, actor.run) == ("ada", "engine-1", "")
    assert actor.command == "metric-assets backfill User/Follower 'a b'"
    assert actor.within("r1").run == "r1"


def test_a_user_without_a_name_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container that runs as a number."""

    def nameless() -> str:
        raise KeyError("uid not found: 1234")

    monkeypatch.setattr(getpass, "getuser", nameless)
    monkeypatch.setattr("os.getuid", lambda: 1234)
    assert this_process().user == "1234"


def test_a_long_command_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dagster passes whole documents."""
    monkeypatch.setattr("sys.argv", ["dagster", "x" * 9_000])
    assert len(this_process().command) == 500
