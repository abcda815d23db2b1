"""Errors of ClickHouse and of what lies between: which ones time cures, and what cures the others."""

from __future__ import annotations

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError, ProgrammingError

from metric_assets.errors import MetricAssetsError, TargetError, UnavailableError, UnreachableError
from metric_assets.stores.clickhouse_address import Address
from metric_assets.stores.clickhouse_errors import translate

pytestmark = pytest.mark.unit

ADDRESS = Address.parse("http://u:geheim@h:1/d")


def status(number: int, body: str = "nginx") -> str:
    """What the driver says of an answer that is not ClickHouse's."""
    return (
        f"HTTP driver received HTTP status {number}, server response: {body} (for url http://h:1)"
    )


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        (status(413, "<html><title>413 Too Large</title>x</html>"), UnreachableError, "client_max_body_size"),
        (status(401), UnreachableError, "a login of its own"),
        (status(403), UnreachableError, "forbids"),
        (status(404), UnreachableError, "proxy_path"),
        (status(407), UnreachableError, "NO_PROXY"),
        (status(400), UnreachableError, "METRIC_ASSETS_CLICKHOUSE_URL"),
        (status(408), UnavailableError, "broke off"),
        (status(429), UnavailableError, "broke off"),
        (status(502), UnavailableError, "broke off"),
        (status(503), UnavailableError, "broke off"),
        (
            "Code: 252. DB::Exception: Too many partitions for single INSERT block (more than 100)",
            TargetError,
            "max_partitions_per_insert_block",
        ),
        (
            "Code: 252. DB::Exception: Too many parts (3000). Merges are processing significantly slower",
            UnavailableError,
            "broke off",
        ),
        ("Code: 60. DB::Exception: Table d.x does not exist", TargetError, "Check the database"),
        ("Code: 81. DB::Exception: Database d does not exist", TargetError, "Check the database"),
        ("Code: 516. DB::Exception: Authentication failed", TargetError, "Check user and password"),
        ("Code: 241. DB::Exception: Memory limit exceeded", UnavailableError, "broke off"),
        ("Error (Caused by NameResolutionError([Errno -2] Name or service not known))", UnreachableError, "No such host"),
        ("Error ([Errno -3] Temporary failure in name resolution)", UnavailableError, "broke off"),
        ("Error SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]'))", UnreachableError, "ca_cert"),
        ("Error SSLError(1, '[SSL: WRONG_VERSION_NUMBER] wrong version number')", UnreachableError, "http://"),
        ("Error NewConnectionError(Connection refused)", UnavailableError, "broke off"),
    ],
)  # fmt: skip
def test_each_error_has_its_cure(text: str, kind: type[MetricAssetsError], said: str) -> None:
    """What cannot pass is not retried and says what to do; what can pass is."""
    error = translate("insert into x", DatabaseError(text), ADDRESS)
    assert type(error) is kind
    assert error.transient is (kind is UnavailableError)
    assert said in str(error)
    assert str(error).startswith("insert into x: ")
    assert "<html>" not in str(error)


def test_a_password_is_blotted_out() -> None:
    """Whatever repeats it; also where it is a part of the words that tell the cause."""
    assert "geheim" not in str(translate("x", OperationalError("bad geheim"), ADDRESS))
    short = Address.parse("https://u:not@h:1/d")
    error = translate("x", OperationalError("Name or service not known"), short)
    assert isinstance(error, UnreachableError)


def test_a_setting_that_is_fixed_was_not_sent() -> None:
    """The driver's own refusal is no reason to retry."""
    error = translate(
        "x", ProgrammingError("Setting mutations_sync is unknown or readonly"), ADDRESS
    )
    assert isinstance(error, TargetError)
    assert "doctor" in str(error)
