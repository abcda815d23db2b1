"""Where a ClickHouse is and how it is reached: the URL of the setting, TLS and proxies included.

Belongs here: reading the URL, the connections made by it, the oldest version that will do. Does not
belong here: statements (clickhouse) or what an error means (clickhouse_errors).
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import clickhouse_connect
import urllib3
import urllib3.exceptions
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from clickhouse_connect.driver.httputil import check_env_proxy, get_pool_manager

from metric_assets.errors import SettingsError, TargetError
from metric_assets.settings import CLICKHOUSE_URL
from metric_assets.sql import load

CONNECT_TIMEOUT = 15
#: The first version with lightweight deletes (DELETE FROM) for everybody.
OLDEST = (23, 3)

#: Query parameters of the URL, with what each is for.
PARAMETERS = {
    "verify": "true (default) or false: whether the server's certificate is checked",
    "ca_cert": "file of the CA that signed the server's certificate",
    "client_cert": "file of a client certificate",
    "client_cert_key": "file of its key",
    "server_host_name": "name that the certificate carries, where it is not the host's",
    "proxy_path": "path prefix of a reverse proxy",
}
_FILES = ("ca_cert", "client_cert", "client_cert_key")
_TRUTH = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@dataclass(frozen=True)
class Address:
    """A parsed URL; ``password`` is shown by nothing."""

    host: str
    port: int
    secure: bool
    username: str
    password: str = field(repr=False)
    database: str
    verify: bool = True
    proxy_path: str = ""
    tls: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, url: str) -> Address:
        """Read an http or https URL; raises SettingsError that names what is wrong with it."""
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        database = parts.path.strip("/")
        if "/" in database:
            raise SettingsError(
                f"{CLICKHOUSE_URL}: its path, /{database}, has several parts, but only the database"
                " goes there; the path prefix of a reverse proxy is given as ?proxy_path=/prefix"
            )
        options = _options(parts.query, secure=secure)
        return cls(
            host=parts.hostname or "localhost",
            port=parts.port or (8443 if secure else 8123),
            secure=secure,
            username=unquote(parts.username or "default"),
            password=unquote(parts.password or ""),
            database=unquote(database) or "default",
            verify=_truth(options.pop("verify", "true")),
            proxy_path=options.pop("proxy_path", ""),
            tls=options,
        )

    @property
    def where(self) -> str:
        """How messages name it."""
        return f"{self.host}:{self.port}{self.proxy_path}"

    @property
    def loopback(self) -> bool:
        """Whether it is this machine, to which no proxy leads."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost" or self.host.endswith(".localhost")

    def blot(self, text: str) -> str:
        """The text without the password."""
        return text.replace(self.password, "***") if self.password else text

    def connect(self, timeout: int, pool: urllib3.PoolManager | None = None) -> Client:
        """The driver's client, connected; ``timeout`` bounds the silence of the server, seconds.

        Its connections are those of ``pool``, or of a new one.
        Raises the driver's errors, and TargetError for a server that is too old.
        """
        pool = pool or self.pool()
        try:
            client = clickhouse_connect.get_client(
                host=self.host,
                port=self.port,
                username=self.username,
                password=self.password,
                database=self.database,
                secure=self.secure,
                # A session would serialize statements; compression pays only over a network.
                autogenerate_session_id=False,
                compress=not self.loopback,
                connect_timeout=CONNECT_TIMEOUT,
                send_receive_timeout=timeout,
                query_retries=0,
                client_name="metric_assets",
                pool_mgr=pool,
                proxy_path=self.proxy_path,
                server_host_name=self._server_name or None,
                # Without a password the certificate is who we are; with one it opens the way only.
                client_cert=None if self.password else self.tls.get("client_cert"),
            )
        except ClickHouseError as error:
            # An old server refuses what the driver asks first, with an error about that.
            if "Code:" in str(error):
                check_version(self._asked_version(pool))
            raise
        check_version(str(client.server_version))
        return client

    @property
    def _server_name(self) -> str:
        return self.tls.get("server_host_name", "")

    def pool(self) -> urllib3.PoolManager:
        """A pool of connections to it, by the proxy that the environment names for it."""
        scheme = "https" if self.secure else "http"
        proxy = None if self.loopback else check_env_proxy(scheme, self.host, self.port)
        options: dict[str, Any] = {name: self.tls[name] for name in _FILES if name in self.tls}
        if self.secure:
            options["verify"] = self.verify
            if self._server_name:
                options["server_hostname"] = self._server_name
                if self.verify:
                    options["assert_hostname"] = self._server_name
        if proxy:
            options[f"{scheme}_proxy"] = proxy
        pool: urllib3.PoolManager = get_pool_manager(**options)
        return pool

    def _asked_version(self, pool: urllib3.PoolManager) -> str:
        """What the server says is its version, asked as simply as can be; empty if it does not."""
        scheme = "https" if self.secure else "http"
        host = f"[{self.host}]" if ":" in self.host else self.host
        query = urlencode({"query": load("clickhouse/version").text})
        try:
            answer = pool.request(
                "GET",
                f"{scheme}://{host}:{self.port}{self.proxy_path}/?{query}",
                headers=urllib3.make_headers(basic_auth=f"{self.username}:{self.password}"),
                timeout=CONNECT_TIMEOUT,
                retries=False,
            )
        except (urllib3.exceptions.HTTPError, OSError):
            return ""
        return answer.data.decode("ascii", "replace").strip() if answer.status == 200 else ""


def is_older(version: str, than: tuple[int, int]) -> bool:
    """Whether a version, as servers write it, lies before another; False if it says nothing."""
    found = re.match(r"(\d+)\.(\d+)", version)
    return found is not None and (int(found[1]), int(found[2])) < than


def check_version(version: str) -> None:
    """Raise TargetError for a version that is known and too old."""
    if is_older(version, OLDEST):
        raise TargetError(
            f"{CLICKHOUSE_URL}: ClickHouse {version} is too old: {OLDEST[0]}.{OLDEST[1]} or later"
            " is needed, which has DELETE FROM. Upgrade the server, or name another"
        )


def _options(query: str, *, secure: bool) -> dict[str, str]:
    options: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in PARAMETERS:
            raise SettingsError(
                f"{CLICKHOUSE_URL}: unknown parameter {name!r}; known: {', '.join(PARAMETERS)}"
                " (docs/how-to/connections.md)"
            )
        if name in options:
            raise SettingsError(f"{CLICKHOUSE_URL}: parameter {name!r} is given twice")
        if not secure and name != "proxy_path":
            raise SettingsError(
                f"{CLICKHOUSE_URL}: parameter {name!r} is about TLS and needs https://"
            )
        options[name] = value
    for name in _FILES:
        if name in options and options[name] != "certifi" and not os.path.isfile(options[name]):
            raise SettingsError(f"{CLICKHOUSE_URL}: {name}: {options[name]} is no file that exists")
    if "client_cert_key" in options and "client_cert" not in options:
        raise SettingsError(f"{CLICKHOUSE_URL}: client_cert_key needs client_cert")
    if "proxy_path" in options:
        options["proxy_path"] = "/" + options["proxy_path"].strip("/")
    return options


def _truth(text: str) -> bool:
    if text.lower() not in _TRUTH:
        raise SettingsError(f"{CLICKHOUSE_URL}: verify: {text!r}, expected true or false")
    return _TRUTH[text.lower()]
