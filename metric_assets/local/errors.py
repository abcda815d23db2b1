"""The one exception of the embedded stack.

Only the exception belongs here, so that every module of the stack can raise it without importing
the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from metric_assets.local.chdb_http.errors import ServerError


class LocalStackError(Exception):
    """The stack cannot do what was asked: what it concerns, what was found, what to do."""


@contextmanager
def translated() -> Iterator[None]:
    """Raise what the embedded ClickHouse server cannot do as the stack's own error."""
    try:
        yield
    except ServerError as error:
        raise LocalStackError(str(error)) from error
