"""Connections to Postgres that no waiting makes: each is known by its words, and says what to do."""

from __future__ import annotations

import psycopg
import pytest

from metric_assets.errors import UnavailableError, UnreachableError
from metric_assets.stores.postgres_errors import translate

pytestmark = pytest.mark.unit

NAME = "METRIC_ASSETS_POSTGRES_URL"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('FATAL:  password authentication failed for user "u"', "Check user and password"),
        ("connection failed: fe_sendauth: no password supplied", "Check user and password"),
        ('FATAL:  role "u" does not exist', "Check the user"),
        ('FATAL:  database "d" does not exist', "Check the database"),
        ('FATAL:  no pg_hba.conf entry for host "1.2.3.4", user "u", no encryption', "pg_hba.conf"),
        ("SSL error: certificate verify failed", "sslrootcert"),
        ('server certificate for "a" does not match host name "b"', "sslrootcert"),
        ('root certificate file "/x/root.crt" does not exist', "sslrootcert"),
        ("server does not support SSL, but SSL was required", "sslmode"),
        ('could not translate host name "h": Name or service not known', "No such host"),
        ("received invalid response to SSL negotiation: H", "no Postgres"),
        ("function pg_current_snapshot() does not exist", "older than PostgreSQL 13"),
    ],
)
def test_what_is_not_transient_is_said_at_once(text: str, said: str) -> None:
    """No retry; the setting is named, and what to do about it."""
    error = translate("postgres/alive", psycopg.OperationalError(text), NAME, 60, None)
    assert type(error) is UnreachableError
    assert not error.transient
    assert said in str(error)
    assert NAME in str(error)


@pytest.mark.parametrize(
    "text",
    [
        "connection refused",
        "FATAL:  the database system is starting up",
        'could not translate host name "h": Temporary failure in name resolution',
        "FATAL:  sorry, too many clients already",
        "server closed the connection unexpectedly",
    ],
)
def test_what_can_pass_is_tried_again(text: str) -> None:
    """A server that starts, a network that comes back."""
    error = translate("postgres/alive", psycopg.OperationalError(text), NAME, 60, None)
    assert type(error) is UnavailableError
    assert error.transient


def test_a_password_of_common_letters_hides_no_cause() -> None:
    """The cause is looked for before the password is blotted out, and the password stays secret."""
    text = 'could not translate host name "h": Name or service not known (no)'
    error = translate("x", psycopg.OperationalError(text), NAME, 60, "no")
    assert isinstance(error, UnreachableError)
