"""What an error of the ClickHouse driver means: whether time cures it, and what else does.

Belongs here: codes of ClickHouse, HTTP states of proxies, TLS and names. Does not belong here: the
statements that fail (clickhouse, target, stage).
"""

from __future__ import annotations

import re

import pyarrow.lib
import urllib3.exceptions
from clickhouse_connect.driver.exceptions import ClickHouseError, DataError, ProgrammingError

from metric_assets.errors import (
    MetricAssetsError,
    TargetError,
    UnavailableError,
    UnreachableError,
)
from metric_assets.settings import CLICKHOUSE_URL
from metric_assets.stores.clickhouse_address import Address

#: What a refused, broken or cut answer raises: an Arrow stream cut short is only found by Arrow.
BROKEN = (
    ClickHouseError,
    urllib3.exceptions.HTTPError,
    OSError,
    pyarrow.lib.ArrowException,
)

#: Retryable codes: timeouts, too many queries or parts, network, memory, keeper, shutdown, a table
#: read-only for the moment.
_TRANSIENT = frozenset(
    {159, 160, 202, 203, 209, 210, 225, 236, 241, 242, 252, 279, 285, 319, 999, 1002}
)
#: A retryable code (too many parts: merges lag behind) says this of an insert that never fits.
_TOO_MANY_PARTITIONS = "for single INSERT block"

#: What to do about a refusal, by code: no other attempt can outlive these.
_CURES = {
    60: f"Check the database in {CLICKHOUSE_URL}; `metric-assets doctor` names what is missing",
    81: f"Check the database in {CLICKHOUSE_URL}",
    164: f"The user may only read: let it write, or name another in {CLICKHOUSE_URL}",
    192: f"Check the user in {CLICKHOUSE_URL}",
    193: f"Check user and password in {CLICKHOUSE_URL}",
    194: f"Check user and password in {CLICKHOUSE_URL}",
    243: "The server's disk is full: make room, then run again",
    252: "The target's PARTITION BY cuts one insert into more partitions than the server's"
    " max_partitions_per_insert_block allows: raise that setting for this user, or partition the"
    " target more coarsely, for example by month",
    497: "Grant what it names; `metric-assets doctor` lists all that a run takes",
    516: f"Check user and password in {CLICKHOUSE_URL}",
}
#: What to do about an answer that a proxy gives in place of ClickHouse, by HTTP state. Others from
#: 400 to 499 are as final, but for those below.
_PROXY = {
    401: f"A proxy in between asks for a login of its own: check {CLICKHOUSE_URL}",
    403: "A proxy or firewall in between forbids the request: let this machine through",
    404: f"No ClickHouse answers at this path: check host, port and proxy_path in {CLICKHOUSE_URL}",
    407: "The proxy of HTTP_PROXY or HTTPS_PROXY asks for a login: give it there, or name this"
    " host in NO_PROXY",
    413: "A proxy in between takes no requests of this size: raise its limit to 256 MB (nginx:"
    " client_max_body_size 256m) or connect to ClickHouse directly",
}
#: Too slow, too early, too many: time cures these, like those from 500 on.
_PASSING_STATES = frozenset({408, 425, 429})
_STATE = re.compile(r"\bHTTP status (\d{3})\b")
_CODE = re.compile(r"\bCode:\s*(\d+)")
_TITLE = re.compile(r"<(?:!doctype|html).*?<title>\s*(.*?)\s*</title>.*", re.DOTALL | re.IGNORECASE)

#: What nobody's waiting cures in a connection that is not made, and what does.
_CONNECTING = (
    (
        re.compile(r"Name or service not known|nodename nor servname|No address associated"),
        f"No such host: check the host name in {CLICKHOUSE_URL}",
    ),
    (
        re.compile(r"CERTIFICATE_VERIFY_FAILED|certificate verify failed|doesn't match"),
        "The server's certificate is not trusted: name the file of your own CA by"
        f" ?ca_cert=/path/ca.pem in {CLICKHOUSE_URL} (docs/how-to/connections.md)",
    ),
    (
        re.compile(r"WRONG_VERSION_NUMBER|wrong version number|record layer failure|HTTP_REQUEST"),
        f"This port does not speak TLS: use http:// or the TLS port (8443) in {CLICKHOUSE_URL}",
    ),
    (
        re.compile(r"ALERT_CERTIFICATE|alert certificate required|alert bad certificate"),
        "The server asks for a client's certificate: ?client_cert=…&client_cert_key=… in"
        f" {CLICKHOUSE_URL} (docs/how-to/connections.md)",
    ),
)
#: The driver's own refusals, made before anything is sent: a setting that the user's profile fixes.
_UNSENT = (ProgrammingError, DataError)


def translate(what: str, error: Exception, address: Address) -> MetricAssetsError:
    """The error of ours that ``error``, raised by the driver in ``what``, means."""
    raw = _TITLE.sub(r"\1", str(error).strip())
    text = address.blot(raw)
    code = getattr(error, "code", None)
    if code is None and (found := _CODE.search(raw)):
        code = int(found[1])
    if code is not None:
        return _refused(what, int(code), text, address)
    where = f"ClickHouse at {address.where}"
    if state := _STATE.search(raw):
        return _answered(f"{what}: {where}", int(state[1]), text)
    if isinstance(error, _UNSENT):
        return TargetError(
            f"{what}: not sent to ClickHouse: {text}. `metric-assets doctor` names settings that"
            " the user's profile forbids to change"
        )
    for pattern, cure in _CONNECTING:
        if pattern.search(raw):
            return UnreachableError(f"{what}: {where} cannot be reached: {text}. {cure}")
    return UnavailableError(f"{what}: {where} cannot be reached or broke off: {text}")


def _refused(what: str, code: int, text: str, address: Address) -> MetricAssetsError:
    """An answer of ClickHouse itself."""
    if code in _TRANSIENT and _TOO_MANY_PARTITIONS not in text:
        return UnavailableError(
            f"{what}: ClickHouse at {address.where} cannot be reached or broke off: {text}"
        )
    cure = f". {_CURES[code]}" if code in _CURES else ""
    return TargetError(f"{what}: ClickHouse refused: {text}{cure}")


def _answered(where: str, state: int, text: str) -> MetricAssetsError:
    """An HTTP answer that is not ClickHouse's."""
    if 400 <= state < 500 and state not in _PASSING_STATES:
        cure = f". {_PROXY[state]}" if state in _PROXY else f". Check {CLICKHOUSE_URL}"
        return UnreachableError(f"{where} was not reached: {text}{cure}")
    return UnavailableError(f"{where} cannot be reached or broke off: {text}")
