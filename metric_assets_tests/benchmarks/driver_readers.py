"""Drivers that could read a scan, each reduced to what a reading asks of it.

Belongs here: how each is opened, read, cancelled. Does not belong here: what is measured
(driver_child), or which are installed (drivers).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, cast

import numpy as np
import polars as pl
import psycopg
from psycopg.conninfo import make_conninfo

BATCH_BYTES = 16 << 20
APPLICATION = "metric_assets:driver"
READ_ONLY = "TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"
#: NumPy's form of what has a fixed width in binary COPY, by type oid.
FIXED = {16: "u1", 20: ">i8", 21: ">i2", 23: ">i4", 701: ">f8", 1114: ">i8"}
#: From Postgres' epoch, 2000, to that of NumPy, in microseconds.
EPOCH = 946_684_800_000_000


class NotFixedError(Exception):
    """Rows that NumPy cannot take as they come: a type without a fixed width, or a NULL."""


class Reader(Protocol):
    """One session of a driver."""

    def begin(self, settings: dict[str, str]) -> None:
        """Begin a read-only REPEATABLE READ transaction with settings of its own."""
        ...

    def ask(self, text: str) -> Any:
        """The first value of a small statement in that transaction."""
        ...

    def frames(self, text: str) -> Iterator[pl.DataFrame]:
        """The rows of a statement in that transaction."""
        ...

    def cancel(self) -> None:
        """End the statement, from another thread."""
        ...


class Adbc:
    """adbc-driver-postgresql, as metric_assets.stores uses it."""

    def __init__(self, url: str) -> None:
        import adbc_driver_postgresql.dbapi as adbc

        self._connection: Any = adbc.connect(named(url), autocommit=True)

    def begin(self, settings: dict[str, str]) -> None:
        self._connection.adbc_connection.set_autocommit(False)
        for text in (f"SET {READ_ONLY}", *assignments(settings)):
            self.ask(text)

    def ask(self, text: str) -> Any:
        with self._connection.cursor() as cursor:
            cursor.execute(text)
            return cursor.fetchone()[0] if cursor.description else None

    def frames(self, text: str) -> Iterator[pl.DataFrame]:
        with self._connection.cursor() as cursor:
            options = {"adbc.postgresql.batch_size_hint_bytes": str(BATCH_BYTES)}
            cursor.adbc_statement.set_options(**options)
            cursor.execute(text)
            for batch in cursor.fetch_record_batch():
                yield cast(pl.DataFrame, pl.from_arrow(batch))

    def cancel(self) -> None:
        self._connection.adbc_cancel()


class ConnectorX:
    """connectorx by its binary protocol, streamed as Arrow; it connects anew for each statement."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._setup: list[str] = []
        self._other = psycopg.connect(url, autocommit=True)

    def begin(self, settings: dict[str, str]) -> None:
        """A snapshot can only be taken over from a transaction of another driver."""
        other = self._exporter = psycopg.connect(self._url)
        other.execute(f"SET {READ_ONLY}".encode())
        row = other.execute("SELECT pg_export_snapshot()").fetchone()
        assert row
        begin = f"BEGIN {READ_ONLY}"
        self._setup = [begin, f"SET TRANSACTION SNAPSHOT '{row[0]}'", *assignments(settings)]

    def ask(self, text: str) -> Any:
        row = self._exporter.execute(text.encode()).fetchone()
        return row[0] if row else None

    def frames(self, text: str) -> Iterator[pl.DataFrame]:
        import connectorx

        batches = connectorx.read_sql(
            # It takes no application_name: what it runs is found by a name within the statement.
            self._url,
            f'SELECT * FROM ({text}) AS "{APPLICATION}"',
            return_type="arrow_stream",
            protocol="binary",
            pre_execution_query=[f"SET application_name = '{APPLICATION}'", *self._setup],
            batch_size=500_000,
        )
        for batch in batches:
            yield cast(pl.DataFrame, pl.from_arrow(batch))

    def cancel(self) -> None:
        """It has no handle: another session ends what ours is named after."""
        end_sessions(self._other, "pg_cancel_backend")


class Psycopg:
    """psycopg's binary COPY, decoded by NumPy."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(named(url), autocommit=True)

    def begin(self, settings: dict[str, str]) -> None:
        self._connection.execute(f"BEGIN {READ_ONLY}".encode())
        for text in assignments(settings):
            self._connection.execute(text.encode())

    def ask(self, text: str) -> Any:
        row = self._connection.execute(text.encode()).fetchone()
        return row[0] if row else None

    def frames(self, text: str) -> Iterator[pl.DataFrame]:
        described = self._connection.execute(f"SELECT * FROM ({text}) AS q LIMIT 0".encode())
        row = Row([(one.name, one.type_code) for one in described.description or ()])
        held = bytearray()
        for piece in self.pieces(f"COPY ({text}) TO STDOUT (FORMAT binary)"):
            held += piece
            if len(held) >= BATCH_BYTES:
                yield row.decode(held)
                held = bytearray()
        yield row.decode(held)

    def pieces(self, text: str) -> Iterator[memoryview | bytes | bytearray]:
        """What the server sends, a row each."""
        with self._connection.cursor() as cursor, cursor.copy(text.encode()) as copy:
            yield from copy

    def cancel(self) -> None:
        self._connection.cancel()


class PsycopgPq(Psycopg):
    """The same by libpq's own calls, without what psycopg does around each row."""

    def pieces(self, text: str) -> Iterator[memoryview | bytes | bytearray]:
        session = self._connection.pgconn
        started = session.exec_(text.encode())
        if started.status != psycopg.pq.ExecStatus.COPY_OUT:
            raise psycopg.Error(started.get_error_message())
        while True:
            size, piece = session.get_copy_data(0)
            if size < 0:
                break
            yield piece
        ended = session.get_result()
        if ended is None or ended.status != psycopg.pq.ExecStatus.COMMAND_OK:
            raise psycopg.Error(ended.get_error_message() if ended else "the session has ended")


class Row:
    """How one row lies in binary COPY: a count of columns, then a length and a value for each."""

    def __init__(self, columns: list[tuple[str, int]]) -> None:
        for name, oid in columns:
            if oid not in FIXED:
                raise NotFixedError(f"{name} is of type {oid}, which has no fixed width")
        self._columns = columns
        fields = [("count", ">i2")]
        for n, (_, oid) in enumerate(columns):
            fields += [(f"length{n}", ">i4"), (f"value{n}", FIXED[oid])]
        self._dtype = np.dtype(fields)
        self._first = True

    def decode(self, held: bytearray) -> pl.DataFrame:
        """Rows that begin where a piece begins; the signature and the trailer are not rows.

        Raises NotFixedError if a value is NULL.
        """
        data = memoryview(held)
        if self._first:
            data, self._first = data[19:], False
        if len(data) % self._dtype.itemsize == 2 and bytes(data[-2:]) == b"\xff\xff":
            data = data[:-2]
        if len(data) % self._dtype.itemsize:
            raise NotFixedError("a value is NULL")
        rows = np.frombuffer(data, self._dtype)
        return pl.DataFrame(
            [self._column(rows, n, name, oid) for n, (name, oid) in enumerate(self._columns)]
        )

    def _column(self, rows: Any, n: int, name: str, oid: int) -> pl.Series:
        if not (rows[f"length{n}"] == np.dtype(FIXED[oid]).itemsize).all():
            raise NotFixedError(f"{name} is NULL somewhere")
        values = rows[f"value{n}"]
        native = values.astype(values.dtype.newbyteorder("="))
        if oid == 1114:
            native = (native + EPOCH).view("datetime64[us]")
        found: pl.Series = pl.Series(name, native.astype(bool) if oid == 16 else native)
        return found


READERS: dict[str, type[Adbc | ConnectorX | Psycopg]] = {
    "adbc": Adbc,
    "connectorx": ConnectorX,
    "psycopg": Psycopg,
    "psycopg.pq": PsycopgPq,
}


def named(url: str) -> str:
    """The URL with the name by which end_sessions finds a session."""
    return make_conninfo(url, application_name=APPLICATION)


def assignments(settings: dict[str, str]) -> list[str]:
    """Statements that set them for one transaction."""
    return [f"SET LOCAL {name} = '{value}'" for name, value in settings.items()]


def end_sessions(other: psycopg.Connection[Any], function: str) -> None:
    """Have a server end the statements or sessions of the driver under test."""
    other.execute(
        f"SELECT {function}(pid) FROM pg_stat_activity WHERE application_name = %s".encode(),
        (APPLICATION,),
    )
