"""The URL of ClickHouse: TLS, prefixes and proxies, and versions that will not do."""

from __future__ import annotations

from pathlib import Path

import pytest

from metric_assets.errors import SettingsError, TargetError
from metric_assets.stores.clickhouse_address import Address, check_version, is_older

pytestmark = pytest.mark.unit


def test_all_parts_are_read(tmp_path: Path) -> None:
    """User, password, host, port, database and every parameter arrive where they belong."""
    ca = tmp_path / "ca.pem"
    ca.write_text("")
    found = Address.parse(
        f"https://u%40x:p%2Fw@ch.example:9443/events?verify=false&ca_cert={ca}"
        "&server_host_name=other&proxy_path=/clickhouse/"
    )
    assert (found.username, found.password, found.host, found.port) == (
        "u@x",
        "p/w",
        "ch.example",
        9443,
    )
    assert (found.database, found.verify, found.proxy_path) == ("events", False, "/clickhouse")
    assert found.tls == {"ca_cert": str(ca), "server_host_name": "other"}
    assert found.where == "ch.example:9443/clickhouse"
    assert "p/w" not in repr(found)


def test_defaults() -> None:
    """Ports are ClickHouse's, certificates are checked."""
    assert (Address.parse("http://h").port, Address.parse("https://h").port) == (8123, 8443)
    assert Address.parse("https://h").verify is True
    assert Address.parse("http://h").database == "default"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://h/d?verfy=false", "unknown parameter 'verfy'; known: verify, ca_cert"),
        ("https://h/d?verify=maybe", "verify: 'maybe', expected true or false"),
        ("http://h/d?verify=false", "parameter 'verify' is about TLS and needs https://"),
        ("https://h/d?ca_cert=/no/such.pem", "ca_cert: /no/such.pem is no file that exists"),
        ("https://h/d?verify=true&verify=false", "parameter 'verify' is given twice"),
        ("https://h/d?client_cert_key=/dev/null", "/dev/null is no file"),
        ("http://h/prefix/d", "the path prefix of a reverse proxy is given as ?proxy_path="),
    ],
)
def test_what_is_wrong_is_named(url: str, said: str) -> None:
    """The message begins with the setting and says which part is wrong and what is known."""
    with pytest.raises(SettingsError) as caught:
        Address.parse(url)
    assert str(caught.value).startswith("METRIC_ASSETS_CLICKHOUSE_URL: ")
    assert said in str(caught.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.8.8.8", "ch.localhost"])
def test_no_proxy_leads_to_this_machine(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTP_PROXY is for other machines: loopback is reached directly, whatever NO_PROXY says."""
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    assert Address.parse(f"http://{host}:8123/d").pool().proxy is None


def test_a_proxy_leads_to_other_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsewhere HTTP_PROXY is used, unless NO_PROXY names the host."""
    for name in ("no_proxy", "NO_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    address = Address.parse("http://ch.example/d")
    proxy = address.pool().proxy
    assert proxy is not None
    assert (proxy.host, proxy.port) == ("proxy.example", 3128)
    monkeypatch.setenv("NO_PROXY", "ch.example")
    assert address.pool().proxy is None


@pytest.mark.parametrize(
    ("version", "old"),
    [
        ("18.16.1", True),
        ("23.2.9.1", True),
        ("23.3.1.1", False),
        ("26.9.2.1", False),
        ("head", False),
    ],
)
def test_old_servers_are_refused(version: str, old: bool) -> None:
    """Before 23.3 there is no DELETE FROM for everybody; a version that says nothing may try."""
    assert is_older(version, (23, 3)) is old
    if old:
        with pytest.raises(TargetError, match=rf"ClickHouse {version} is too old: 23\.3 or later"):
            check_version(version)
    else:
        check_version(version)
