"""Hashes of keys and of events over arrays, as in sql/clickhouse/fingerprint.sql."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

Signed = npt.NDArray[np.int64]
Unsigned = npt.NDArray[np.uint64]

K0, K1, K2, K3, K4 = (
    0x9E3779B97F4A7C15,
    0xC2B2AE3D27D4EB4F,
    0x165667B19E3779F9,
    0xD6E8FEB86659FD93,
    0xFF51AFD7ED558CCD,
)
_HALF, _LOW = np.uint64(32), np.uint64(2**32 - 1)


def row_hashes(rows: pl.DataFrame) -> pl.Series:
    """A hash of each row (entityId, userId, value, createdAt), its complement where something is
    taken away, so that they add up as those of events do.
    """
    entity, user, value = (rows[name].to_numpy() for name in ("entityId", "userId", "value"))
    users = wrapped(user)
    at = rows["createdAt"].dt.timestamp("ms").to_numpy()
    return pl.Series(event_hash(key_hash(wrapped(entity), users), users, value, at))


def key_hash(entity: Unsigned, user: Unsigned) -> Unsigned:
    """The hash of an entity and user, by which values are weighed."""
    inner = _mix((entity << _HALF) + (user & _LOW), K1)
    return _mix(inner ^ ((user >> _HALF) * np.uint64(K2)), K3)


def event_hash(key: Unsigned, user: Unsigned, value: Signed, at: Signed) -> Unsigned:
    """The hash of an event, its complement where something is taken away: integers wrap."""
    size = wrapped(np.abs(value)) * np.uint64(K0) + user * np.uint64(K1)
    event = _mix(_mix(key + wrapped(at) * np.uint64(K2), K4) ^ size, K3)
    np.negative(event, out=event, where=value < 0)
    return event


def wrapped(numbers: Signed) -> Unsigned:
    """The same bits without a sign."""
    return numbers.view(np.uint64)


def _mix(numbers: Unsigned, factor: int) -> Unsigned:
    product: Unsigned = numbers * np.uint64(factor)
    product ^= product >> _HALF
    return product
