"""Sending, to a real HTTP server: it arrives, fails, dawdles or hangs; no address is ever shown."""

from __future__ import annotations

import logging
import sys
import time

import pytest
from pydantic import SecretStr

from metric_assets.doctor.findings import blot
from metric_assets.errors import SettingsError
from metric_assets.settings import ALERT_URLS, Settings
from metric_assets.stores.messages import Messenger
from metric_assets_tests.inbox import open_inbox

pytestmark = pytest.mark.unit

HIDDEN = ("s3cr3t-t0ken", "hidden-path", "sender")


def test_a_message_arrives() -> None:
    """Title and text, as they are, at each address."""
    with open_inbox() as one, open_inbox() as other:
        messenger = Messenger(SecretStr(f"{one.address} {other.address}"), 5)
        assert messenger.send("a title", "line 1\nline 2") == []
        for inbox in (one, other):
            (message,) = inbox.messages
            assert (message["title"], message["message"]) == ("a title", "line 1\nline 2")


@pytest.mark.promise(
    "A warning within the timeout; the others get theirs, and no address is shown.",
    when="a service that alerts go to fails or hangs",
    area="operators",
)
@pytest.mark.parametrize(
    "behavior", [{"status": 500}, {"seconds": 30.0}, {"drip": 0.2}], ids=["fails", "slow", "drips"]
)
def test_a_service_that_does_not_take_it(
    behavior: dict[str, float], caplog: pytest.LogCaptureFixture
) -> None:
    """One of two fails, is slow, or drips its answer for ever: named by its place, in bounded time."""
    caplog.set_level(logging.DEBUG)
    with open_inbox(**behavior) as bad, open_inbox() as good:
        messenger = Messenger(SecretStr(f"{bad.address},{good.address}"), 0.5)
        began = time.monotonic()
        failed = messenger.send("title", "body")
        seconds = time.monotonic() - began
        assert len(good.messages) == 1
    assert seconds < 4
    (sentence,) = failed
    assert sentence.startswith(f"{ALERT_URLS}: address 1 (JSON): ")
    for secret in HIDDEN:
        assert secret not in sentence
        assert secret not in caplog.text


def test_nothing_listens() -> None:
    """Refused connections are a sentence, too."""
    with open_inbox() as inbox:
        address = inbox.address
    (sentence,) = Messenger(SecretStr(address), 1).send("title", "body")
    assert "address 1 (JSON)" in sentence


@pytest.mark.parametrize(
    ("addresses", "said"),
    [
        ("nonsense://s3cr3t-t0ken", "address 1 (nonsense://…) cannot be read"),
        ("json://127.0.0.1:9/ slack://s3cr3t-t0ken", "address 2 (slack://…) cannot be read"),
        ("s3cr3t-t0ken", "address 1 cannot be read"),
    ],
)
def test_an_address_that_cannot_be_read(addresses: str, said: str) -> None:
    """Named by its place and scheme, never shown."""
    with pytest.raises(SettingsError) as caught:
        Messenger(SecretStr(addresses), 1)
    assert str(caught.value).startswith(f"{ALERT_URLS}: {said}")
    assert "s3cr3t-t0ken" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the extra; without addresses nothing is needed."""
    monkeypatch.setitem(sys.modules, "apprise", None)
    assert Messenger(None, 1).names == []
    with pytest.raises(SettingsError, match=r'pip install "metric-assets\[alerts\]"'):
        Messenger(SecretStr("json://127.0.0.1:9/"), 1)


def test_the_setting_is_never_shown() -> None:
    """Neither by the settings nor in what `doctor` and defects print."""
    address = "json://sender:s3cr3t-t0ken@127.0.0.1/hidden-path"
    settings = Settings.load({ALERT_URLS: address})
    assert "s3cr3t-t0ken" not in f"{settings!r} {settings} {settings.model_dump()}"
    text = blot(
        f"failed at {address} and sender:s3cr3t-t0ken@127.0.0.1/hidden-path", {ALERT_URLS: address}
    )
    assert "s3cr3t-t0ken" not in text
