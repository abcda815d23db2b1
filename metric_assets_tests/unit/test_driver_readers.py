"""Binary COPY as NumPy takes it, for the comparison of drivers."""

from __future__ import annotations

import struct
from datetime import datetime

import polars as pl
import pytest

from metric_assets_tests.benchmarks.driver_readers import NotFixedError, Row

pytestmark = pytest.mark.unit

SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COLUMNS = [("id", 23), ("many", 20), ("at", 1114), ("yes", 16)]


def row(number: int, many: int, microseconds: int, yes: int) -> bytes:
    """A row as the server sends it; times count from 2000."""
    form = ">hiiiqiqiB"
    return struct.pack(form, 4, 4, number, 8, many, 8, microseconds, 1, yes)


def test_rows_of_fixed_width_are_what_was_sent() -> None:
    """Signature and trailer are no rows; microseconds and the sign of a number stay."""
    held = SIGNATURE + row(-7, 1 << 40, 1_000_001, 1) + row(8, -2, -1, 0) + b"\xff\xff"
    assert Row(COLUMNS).decode(bytearray(held)).rows() == [
        (-7, 1 << 40, datetime(2000, 1, 1, 0, 0, 1, 1), True),
        (8, -2, datetime(1999, 12, 31, 23, 59, 59, 999_999), False),
    ]


def test_types_are_those_of_the_columns() -> None:
    """A frame without rows has them as well."""
    frame = Row(COLUMNS).decode(bytearray(SIGNATURE + b"\xff\xff"))
    assert dict(frame.schema) == {
        "id": pl.Int32,
        "many": pl.Int64,
        "at": pl.Datetime("us"),
        "yes": pl.Boolean,
    }


@pytest.mark.parametrize("nulls", [1, 5])
def test_a_null_is_never_read_as_a_number(nulls: int) -> None:
    """Its length is -1 and no value follows: a row of six bytes instead of ten. Five of them come to
    three whole rows, and are found out by the lengths that these have.
    """
    held = SIGNATURE + struct.pack(">hi", 1, -1) * nulls + struct.pack(">hii", 1, 4, 5)
    with pytest.raises(NotFixedError):
        Row([("id", 23)]).decode(bytearray(held))


def test_a_text_has_no_fixed_width() -> None:
    """It is refused before a row is read."""
    with pytest.raises(NotFixedError, match=r"name is of type 25"):
        Row([("name", 25)])
