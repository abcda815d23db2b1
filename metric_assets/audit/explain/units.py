"""The signed difference as units: what one change of one row would leave behind.

Belongs here: which missing row and which surplus row are the same event, changed in one column.
Does not belong here: who changed it (sides), or what that is called (below).

A unit is a row of a frame. Kinds: ``missing`` and ``surplus`` rows that stand alone, a ``copy`` of
a row that is wanted as well, a row whose ``time``, ``value`` or ``user`` differs, and rows that
cannot be told apart (``tangled``) or that live events ask for (``adjusted``).
"""

from __future__ import annotations

import polars as pl

from metric_assets.row_hash import row_hashes

_ROW = ("entityId", "userId", "value", "createdAt")
_EVENT = ("entityId", "userId", "createdAt", "magnitude")
UNITS = pl.Schema(
    [
        ("kind", pl.String()),
        ("entityId", pl.Int64()),
        ("wantedUser", pl.Int64()),
        ("wantedValue", pl.Int64()),
        ("wantedAt", pl.Datetime("ms", "UTC")),
        ("heldUser", pl.Int64()),
        ("heldValue", pl.Int64()),
        ("heldAt", pl.Datetime("ms", "UTC")),
        # Whether nothing else of the source has what both sides share.
        ("distinct", pl.Boolean()),
        # What the target's digest would change by if this were undone.
        ("hash", pl.UInt64()),
    ]
)
#: What both sides of a changed row share, by the kind of change. The order is that of how much a
#: coincidence would take.
_SHARED = {
    "value": ("entityId", "userId", "createdAt"),
    "user": ("entityId", "createdAt", "value"),
    "time": ("entityId", "userId", "value"),
}


def difference(wanted: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """A row each that is ``missing`` from the target or surplus there, with ``wanted``: how often
    the source wants that row. An event and its compensation weigh nothing.
    """
    plus = pl.col("value") >= 0
    counts = ("wanted_plus", "wanted_minus", "held_plus", "held_minus")

    def counted(rows: pl.DataFrame, side: str) -> pl.DataFrame:
        return rows.select(
            *_EVENT[:-1],
            pl.col("value").abs().alias("magnitude"),
            plus.cast(pl.Int64).alias(f"{side}_plus"),
            (~plus).cast(pl.Int64).alias(f"{side}_minus"),
        )

    both = (
        pl.concat([counted(wanted, "wanted"), counted(held, "held")], how="diagonal")
        .group_by(_EVENT)
        .agg(pl.col(counts).sum())
    )
    lacks = pl.col("wanted_plus") - pl.col("held_plus")
    net = lacks - (pl.col("wanted_minus") - pl.col("held_minus"))
    missing_plus = pl.min_horizontal(net.clip(0), lacks.clip(0))
    surplus_plus = pl.min_horizontal((-net).clip(0), (-lacks).clip(0))
    kinds = (
        (missing_plus, True, 1, "wanted_plus"),
        (net.clip(0) - missing_plus, False, -1, "wanted_minus"),
        (surplus_plus, False, 1, "wanted_plus"),
        ((-net).clip(0) - surplus_plus, True, -1, "wanted_minus"),
    )
    copy = pl.int_ranges(0, pl.col("copies")).alias("copy")
    parts = [
        both.select(
            "entityId",
            "userId",
            (pl.col("magnitude") * sign).alias("value"),
            "createdAt",
            pl.lit(missing).alias("missing"),
            pl.col(wants).alias("wanted"),
            copies.alias("copies"),
        )
        for copies, missing, sign, wants in kinds
    ]
    rows = pl.concat(parts).filter(pl.col("copies") > 0).with_columns(copy)
    return rows.explode("copy").drop("copy", "copies").sort("missing", *_ROW)


def units(wanted: pl.DataFrame, held: pl.DataFrame, judged: pl.DataFrame) -> pl.DataFrame:
    """The units of a difference (UNITS); ``judged`` names the keys that have an adjustment."""
    rest = difference(wanted, held)
    found: list[pl.DataFrame] = [pl.DataFrame(schema=UNITS)]
    adjusted = belongs(rest, judged.filter(pl.col("adjustment") != 0))
    found.append(_single(rest.filter(adjusted), "adjusted"))
    rest = rest.filter(~adjusted)
    key = _SHARED["time"]
    copy = ~pl.col("missing") & (pl.col("wanted") > 0)
    # A key that lacks a row and has a copy of another: moved onto it, or two errors? Nobody knows.
    both = copy.any().over(key) & pl.col("missing").any().over(key)
    found.append(_single(rest.filter(both), "tangled"))
    rest = rest.filter(~both)
    found.append(_single(rest.filter(copy), "copy"))
    rest = rest.filter(~copy)
    for kind in _SHARED:
        changed, rest = _paired(rest, kind, wanted)
        found.append(changed)
    both = (~pl.col("missing")).any().over(key) & pl.col("missing").any().over(key)
    found.append(_single(rest.filter(both), "tangled"))
    rest = rest.filter(~both)
    found.append(_single(rest.filter(pl.col("missing")), "missing"))
    found.append(_single(rest.filter(~pl.col("missing")), "surplus"))
    return pl.concat(found)


def belongs(rows: pl.DataFrame, keys: pl.DataFrame) -> pl.Series:
    """Whether each of some rows (entityId, userId) belongs to one of some judged keys."""
    yes = pl.lit(value=True)
    users = keys.filter(~pl.col("whole")).select("entityId", userId="user", one=yes)
    whole = keys.filter("whole").select("entityId", all=yes)
    marked = rows.join(
        users.unique(), on=["entityId", "userId"], how="left", maintain_order="left"
    ).join(whole.unique(), on="entityId", how="left", maintain_order="left")
    either = pl.col("one").fill_null(value=False) | pl.col("all").fill_null(value=False)
    return marked.select(either).to_series()


def _paired(
    rows: pl.DataFrame, kind: str, wanted: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows that differ in one column only, as units, and all others.

    Missing and surplus rows that share the rest must be as many: then each has its own.
    """
    shared = list(_SHARED[kind])
    marked = rows.with_columns(
        ups=pl.col("missing").sum().over(shared),
        rank=pl.int_range(pl.len()).over(*shared, "missing"),
    ).with_columns(even=(pl.col("ups") * 2 == pl.len().over(shared)))
    even = marked.filter("even")
    if even.is_empty():
        return pl.DataFrame(schema=UNITS), rows
    asked = wanted.group_by(shared).agg(pl.len().alias("others"))
    ups, downs = (
        even.filter(pl.col("missing") == missing).select(*_ROW, "rank", "ups")
        for missing in (True, False)
    )
    pairs = ups.join(downs, on=[*shared, "rank"], suffix="_held").join(asked, on=shared, how="left")
    names = {"userId": "User", "value": "Value", "createdAt": "At"}
    sides = [
        pl.col(name if side == "wanted" or name in shared else f"{name}_held").alias(
            f"{side}{short}"
        )
        for side in ("wanted", "held")
        for name, short in names.items()
    ]
    found = pairs.select(
        pl.lit(kind).alias("kind"),
        "entityId",
        *sides,
        (pl.col("others").fill_null(0) <= pl.col("ups")).alias("distinct"),
    )
    others = marked.filter(~pl.col("even")).drop("ups", "rank", "even")
    return _hashed(found), others


def _single(rows: pl.DataFrame, kind: str) -> pl.DataFrame:
    """Rows that stand alone, as units."""
    missing = pl.col("missing")
    names = {"userId": "User", "value": "Value", "createdAt": "At"}
    return _hashed(
        rows.select(
            pl.lit(kind).alias("kind"),
            "entityId",
            *(
                pl.when(missing if side == "wanted" else ~missing)
                .then(name)
                .alias(f"{side}{short}")
                for side in ("wanted", "held")
                for name, short in names.items()
            ),
            pl.lit(value=True).alias("distinct"),
        )
    )


def _hashed(found: pl.DataFrame) -> pl.DataFrame:
    """Units with their hash: missing rows put back, surplus ones taken out."""
    hashes = []
    for side in ("wanted", "held"):
        there = pl.col(f"{side}At").is_not_null()
        rows = found.select(
            "entityId",
            pl.col(f"{side}User").fill_null(0).alias("userId"),
            pl.col(f"{side}Value").fill_null(0).alias("value"),
            pl.col(f"{side}At").fill_null(pl.lit(0).cast(UNITS["wantedAt"])).alias("createdAt"),
        )
        hashes.append(found.select(there).to_series().cast(pl.UInt64) * row_hashes(rows))
    return found.with_columns(hash=hashes[0] - hashes[1]).select(UNITS.names()).cast(UNITS)
