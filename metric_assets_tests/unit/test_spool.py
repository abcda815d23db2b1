"""A spool gives back what was put in, all of it or some buckets, and leaves nothing behind.

Belongs here: the file. Does not belong here: which buckets are asked for.
"""

from __future__ import annotations

import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

import polars as pl
import pytest

from metric_assets.fingerprint import Accumulator, Prints, differing
from metric_assets.load.spool import Spool, SpoolError

pytestmark = pytest.mark.unit

METRICS = ("Up", "Down")
AT = datetime(2025, 1, 1, tzinfo=timezone.utc)


def frame(*rows: tuple[str, int]) -> pl.DataFrame:
    """Events of a metric and an entity."""
    return pl.DataFrame(
        [(metric, entity, 1, 1, AT) for metric, entity in rows],
        schema={
            "metricType": pl.Enum(METRICS),
            "entityId": pl.Int32,
            "userId": pl.Int32,
            "metricValue": pl.Int32,
            "createdAt": pl.Datetime("ms", "UTC"),
        },
        orient="row",
    )


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Temporary files lie here."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def read(spool: Spool, buckets: pl.DataFrame | None = None) -> list[tuple[str, int]]:
    """Metric and entity of what comes back."""
    frames = [
        one.select(pl.col("metricType").cast(pl.String), "entityId") for one in spool.read(buckets)
    ]
    return [row for one in frames for row in one.rows()]


def test_all_of_it_comes_back_in_order(folder: Path) -> None:
    """Two batches, empty ones left out; the file is gone at the end."""
    with Spool(METRICS) as spool:
        spool.write(frame(("Up", 1), ("Down", 2)))
        spool.write(frame())
        spool.write(frame(("Up", 100)))
        assert read(spool) == [("Up", 1), ("Down", 2), ("Up", 100)]
        assert spool.bytes > 0
    assert list(folder.iterdir()) == []


def test_some_buckets_come_back() -> None:
    """Bucket 0 of Down and 6 of Up; ids 0 to 15 and 96 to 111."""
    with Spool(METRICS) as spool:
        spool.write(frame(("Up", 1), ("Down", 2), ("Down", 16)))
        spool.write(frame(("Up", 95), ("Up", 96), ("Up", 111), ("Up", 112)))
        buckets = pl.DataFrame({"metricType": ["Down", "Up"], "bucket": [0, 6]})
        assert read(spool, buckets) == [("Down", 2), ("Up", 96), ("Up", 111)]


@pytest.mark.parametrize("entity", [2**59 + 5, 2**60, 2**63 - 1, -(2**59) - 1, -(2**63)])
def test_ids_of_64_bits_come_back(entity: int) -> None:
    """What is found to differ is read again, however large its id: else it would be removed."""
    events = frame(("Up", 1), ("Down", 1)).with_columns(entityId=pl.lit(entity, pl.Int64))
    later = AT + timedelta(days=1)
    sums = Accumulator(Prints(METRICS, (), (), later, later, later, later))
    sums.add(events)
    buckets = differing(sums.result(), sums.result().clear())
    with Spool(METRICS) as spool:
        spool.write(events)
        assert read(spool, buckets) == [("Up", entity), ("Down", entity)]
        assert read(spool, buckets.filter(metricType="Down")) == [("Down", entity)]


def test_nothing_in_nothing_out(folder: Path) -> None:
    """No file is made for no events."""
    with Spool(METRICS) as spool:
        assert read(spool) == []
        assert list(folder.iterdir()) == []


def test_an_error_leaves_nothing(folder: Path) -> None:
    """Whatever ends the work, the file goes."""

    def broken() -> None:
        with Spool(METRICS) as spool:
            spool.write(frame(("Up", 1)))
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        broken()
    assert list(folder.iterdir()) == []


def test_a_folder_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the folder and what to do."""
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere/at/all")
    with Spool(METRICS) as spool, pytest.raises(SpoolError, match=r"^/nowhere/at/all: .*TMPDIR"):
        spool.write(frame(("Up", 1)))
