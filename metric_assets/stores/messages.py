"""Messages to people, through apprise: where they go, and what becomes of those that cannot go.

Belongs here: the services behind the addresses. Does not belong here: what is said (operations).
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Sequence
from typing import Any

from pydantic import SecretStr

from metric_assets.errors import SettingsError
from metric_assets.settings import ALERT_URLS

#: Between two addresses: blanks or a comma, before the scheme of the next one.
_BETWEEN = re.compile(r"[\s,]+(?=[A-Za-z][\w+.-]*://)")


class Messenger:
    """The addresses of a setting, each tried once for ``timeout`` seconds, all at the same time.

    Raises SettingsError, which never shows an address, for one that apprise cannot read, and where
    apprise is not installed.
    """

    def __init__(self, addresses: SecretStr | None, timeout: float) -> None:
        self._timeout = timeout
        self._services = _services(addresses, timeout)

    @property
    def names(self) -> list[str]:
        """What the services are, without anything of their addresses."""
        return [str(one.service_name) for one in self._services]

    def send(self, title: str, body: str) -> list[str]:
        """Send to all; a sentence for each service that did not take it. Raises nothing."""
        if not self._services:
            return []
        outcomes: dict[int, str] = {}

        def deliver(place: int, service: Any) -> None:
            outcomes[place] = _send(service, title, body)

        # Threads that nothing waits for at the end of the process: one that hangs is left behind.
        threads = [
            threading.Thread(target=deliver, args=(place, one), daemon=True)
            for place, one in enumerate(self._services, 1)
        ]
        for thread in threads:
            thread.start()
        # Twice: a service may need one connection to log in and one to send.
        end = time.monotonic() + 2 * self._timeout + 1
        for thread in threads:
            thread.join(max(0, end - time.monotonic()))
        failed = []
        for place, one in enumerate(self._services, 1):
            if why := outcomes.get(place, "no answer in time"):
                failed.append(f"{ALERT_URLS}: address {place} ({one.service_name}): {why}")
        return failed


def _send(service: Any, title: str, body: str) -> str:
    """Why a service did not take a message; nothing if it did."""
    try:
        return "" if service.notify(body=body, title=title) else "the message was not taken"
    except Exception as error:
        # What an error says may hold the address.
        return f"the message was not taken ({type(error).__name__})"


def _services(addresses: SecretStr | None, timeout: float) -> list[Any]:
    text = addresses.get_secret_value().strip() if addresses else ""
    if not text:
        return []
    try:
        import apprise  # noqa: PLC0415 - an extra: the core goes without
    except ImportError:
        raise SettingsError(
            f"{ALERT_URLS}: is set, and the package that sends is not installed:"
            ' `pip install "metric-assets[alerts]"`'
        ) from None
    # What it logs of a failure can hold parts of an address.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    found = []
    for place, address in enumerate(_BETWEEN.split(text), 1):
        try:
            service = apprise.Apprise.instantiate(address)
        except Exception:
            # Whatever it cannot read; what the error says may hold the address.
            service = None
        if service is None:
            scheme = address.partition("://")[0] if "://" in address else ""
            said = f" ({scheme}://…)" if re.fullmatch(r"[a-z]{1,20}", scheme) else ""
            raise SettingsError(
                f"{ALERT_URLS}: address {place}{said} cannot be read; expected addresses of apprise"
                " (https://github.com/caronc/apprise/wiki), separated by blanks"
            )
        service.socket_connect_timeout = service.socket_read_timeout = timeout
        found.append(service)
    return found


def secrets(addresses: str) -> Sequence[str]:
    """What of the addresses must not be shown anywhere: all but their schemes."""
    rests = [one.partition("://")[2] or one for one in _BETWEEN.split(addresses.strip())]
    return [rest for rest in rests if rest]
