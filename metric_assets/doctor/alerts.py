"""Whether alerts can be sent: addresses can be read, and what sends is there. Sends nothing."""

from __future__ import annotations

from collections.abc import Iterator

from metric_assets.doctor.findings import FAILED, Finding
from metric_assets.errors import SettingsError
from metric_assets.settings import ALERT_URLS, Settings
from metric_assets.stores.messages import Messenger

SUBJECT = "Alerts"


def examine(settings: Settings) -> Iterator[Finding]:
    """The addresses, by the names of their services."""
    try:
        names = Messenger(settings.alert_urls, settings.alert_timeout).names
    except SettingsError as error:
        yield Finding(SUBJECT, str(error), f"Correct {ALERT_URLS}", FAILED)
        return
    if not names:
        yield Finding(SUBJECT, f"{ALERT_URLS}: not set; alerts are only written to the log")
        return
    yield Finding(
        SUBJECT,
        f"{ALERT_URLS}: {', '.join(names)}",
        "`metric-assets doctor --test-alert` sends a message",
    )
