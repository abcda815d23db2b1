from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta, timezone
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metric_assets.catalog.model import Legacy, Pair
from metric_assets.catalog.scan import Scan
from metric_assets.errors import RejectedRowsError, SchemaDriftError
from metric_assets.events import Bounds, Rejections, check_columns, derive, event_schema
from metric_assets.ranges import IdRange

pytestmark = pytest.mark.unit

LEGACY = Legacy("UserMetric.x")
UP = Pair("User", "Up", "Raised.", LEGACY, where=pl.col("flag"))
DOWN = Pair("User", "Down", "Lowered.", LEGACY, where=~pl.col("flag"))
SUM = Pair("User", "Sum", "Amounts.", LEGACY, value=pl.col("amount"))
SCAN = Scan("user/engaged", (UP, DOWN, SUM), ("T",))
CUTOFF = datetime(2025, 10, 1, tzinfo=timezone.utc)
IDS = IdRange(1000, 2000)


def rows(**changed: list[object]) -> pl.DataFrame:
    """Three source rows: raised, lowered, and one whose flag is NULL."""
    values: dict[str, list[object]] = {
        "entityId": [1001, 1002, 1003],
        "userId": [11, 12, 13],
        "createdAt": [naive(2025, 1, day) for day in (1, 2, 3)],
        "flag": [True, False, None],
        "amount": [5, -7, 9],
    }
    schema = pl.Schema(
        {
            "entityId": pl.Int32(),
            "userId": pl.Int32(),
            "createdAt": pl.Datetime("us"),
            "flag": pl.Boolean(),
            "amount": pl.Int32(),
        }
    )
    return pl.DataFrame({**values, **changed}, schema=schema)


def plain(events: pl.DataFrame) -> list[tuple[object, ...]]:
    """Events as plain rows."""
    columns = ["metricType", "entityId", "userId", "metricValue", "createdAt"]
    assert events.columns == columns
    return events.rows()


def naive(*parts: int) -> datetime:
    """A time without zone, as the source gives it."""
    return datetime(*parts)  # type: ignore[arg-type]


def utc(*parts: int) -> datetime:
    """An instant in UTC."""
    return datetime(*parts, tzinfo=timezone.utc)  # type: ignore[arg-type, misc]


def test_where_keeps_true_and_drops_false_and_null() -> None:
    """A row whose flag is NULL is an event of neither side."""
    assert plain(derive(rows(), [UP])) == [("Up", 1001, 11, 1, utc(2025, 1, 1))]
    assert plain(derive(rows(), [DOWN])) == [("Down", 1002, 12, 1, utc(2025, 1, 2))]


def test_value_is_what_an_event_counts() -> None:
    """Without where every row counts; value is the pair's column, negative ones too."""
    assert plain(derive(rows(), [SUM])) == [
        ("Sum", 1001, 11, 5, utc(2025, 1, 1)),
        ("Sum", 1002, 12, -7, utc(2025, 1, 2)),
        ("Sum", 1003, 13, 9, utc(2025, 1, 3)),
    ]


def test_pairs_share_a_read() -> None:
    """Each pair gets its events of the same rows, pair after pair."""
    assert [(row[0], row[1]) for row in plain(derive(rows(), [UP, DOWN, SUM]))] == [
        ("Up", 1001),
        ("Down", 1002),
        ("Sum", 1001),
        ("Sum", 1002),
        ("Sum", 1003),
    ]


def test_no_rows_no_events() -> None:
    """An empty frame gives an empty frame of the same columns and types."""
    events = derive(rows().clear(), [UP, SUM])
    assert plain(events) == []
    assert events.schema == derive(rows(), [UP, SUM]).schema


def test_a_time_without_zone_is_utc() -> None:
    """Naive source times are read as UTC, not as the time of this machine."""
    events = derive(rows(), [UP])
    assert events.schema["createdAt"] == pl.Datetime("ms", "UTC")
    assert plain(events)[0][4] == utc(2025, 1, 1)


def test_a_time_with_zone_is_the_same_instant() -> None:
    """00:00 in Tokyo is 15:00 of the day before in UTC."""
    tokyo = rows().with_columns(pl.col("createdAt").dt.replace_time_zone("Asia/Tokyo"))
    assert plain(derive(tokyo, [UP]))[0][4] == utc(2024, 12, 31, 15)


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_times_of_any_unit(unit: str) -> None:
    """Milliseconds, microseconds and nanoseconds all end as milliseconds."""
    frame = rows().with_columns(pl.col("createdAt").dt.cast_time_unit(unit))  # type: ignore[arg-type]
    assert plain(derive(frame, [UP]))[0][4] == utc(2025, 1, 1)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (naive(2025, 1, 1, 0, 0, 0, 999_999), utc(2025, 1, 1, 0, 0, 0, 999_000)),
        (naive(2025, 1, 1, 0, 0, 0, 500), utc(2025, 1, 1)),
        (naive(1969, 12, 31, 23, 59, 59, 999_500), utc(1969, 12, 31, 23, 59, 59, 999_000)),
    ],
)
def test_finer_times_are_cut_to_the_millisecond(source: datetime, expected: datetime) -> None:
    """Never rounded up: a time before the cutoff stays before it; also before 1970."""
    frame = rows(createdAt=[source] * 3)
    assert plain(derive(frame, [UP]))[0][4] == expected


def test_wide_numbers_survive() -> None:
    """Values beyond 32 bits arrive whole, for the schema to find."""
    big = 2**62 + 1
    frame = rows().with_columns(
        amount=pl.lit(big, pl.Int64), userId=pl.lit(-big, pl.Int64), entityId=pl.lit(big, pl.Int64)
    )
    assert plain(derive(frame, [SUM]))[0][1:4] == (big, -big, big)


def test_null_survives() -> None:
    """A missing user, value or time is not invented: the schema has to find it."""
    frame = rows(userId=[None] * 3, amount=[None] * 3, createdAt=[None] * 3)
    assert plain(derive(frame, [SUM]))[0] == ("Sum", 1001, None, None, None)


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("userId", ["a", "b", "c"]),
        ("createdAt", ["2025-01-01", "x", "y"]),
        ("flag", ["yes", "no", None]),
        ("amount", [1.5, float("nan"), 2.0]),
    ],
)
def test_a_column_of_another_type_is_drift(column: str, values: list[object]) -> None:
    """Types the scan was not written for are refused, with the pair's key first."""
    frame = rows().with_columns(pl.Series(column, values, strict=False))
    with pytest.raises(SchemaDriftError, match=r"^User/(Up|Sum): the source's column types"):
        derive(frame, [UP, SUM])


def test_a_fraction_is_not_cut_off() -> None:
    """A value that is no whole number is refused, never silently made smaller."""
    frame = rows().with_columns(pl.Series("amount", [1.5, 2.0, 3.0]))
    with pytest.raises((SchemaDriftError, RejectedRowsError)):
        derive(frame, [SUM])


@pytest.mark.parametrize("change", ["missing", "more"])
def test_other_columns_are_drift(change: str) -> None:
    """Exactly the columns of the scan, in any order; the message names file and columns."""
    frame = rows().drop("flag") if change == "missing" else rows().with_columns(more=1)
    with pytest.raises(SchemaDriftError, match=r"^User: sql/user/engaged\.sql returned columns"):
        check_columns(SCAN, frame)
    check_columns(SCAN, rows().select(pl.all().reverse()).select(sorted(rows().columns)))


def events(**changed: object) -> pl.DataFrame:
    """One good event, changed."""
    row = {
        "metricType": "Sum",
        "entityId": 1500,
        "userId": 7,
        "metricValue": 1,
        "createdAt": naive(2025, 9, 30, 23, 59, 59, 999_000),
        **changed,
    }
    frame = pl.DataFrame(
        [row],
        schema={
            "metricType": pl.Enum(["Sum"]),
            "entityId": pl.Int64,
            "userId": pl.Int64,
            "metricValue": pl.Int64,
            "createdAt": pl.Datetime("ms"),
        },
    )
    return frame.with_columns(pl.col("createdAt").dt.replace_time_zone("UTC"))


SCHEMA = event_schema(IDS, CUTOFF, Bounds())

OUTSIDE = "entityId: outside the partition 1000-1999"
LATE = "createdAt: at or after the cutoff 2025-10-01T00:00:00+00:00"
EARLY = "createdAt: before the target's first instant"
WIDE_USER = "userId: beyond the target's userId"
WIDE_VALUE = "metricValue: beyond the target's metricValue"


def by_column(rejections: Rejections) -> dict[str, int]:
    """Failures counted by column."""
    counts: Counter[str] = Counter()
    for kind, count in rejections.counts.items():
        counts[kind.split(":")[0]] += count
    return dict(counts)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"entityId": 1000},
        {"entityId": 1999},
        {"userId": 0},
        {"userId": -1},
        {"userId": 2_147_483_647},
        {"metricValue": -2_147_483_648},
        {"metricValue": 2_147_483_647},
        {"metricValue": 0},
        {"createdAt": naive(1900, 1, 1)},
    ],
)
def test_what_the_target_can_hold_passes(changed: dict[str, object]) -> None:
    """Both ends of every range are inside, up to the last millisecond before the cutoff."""
    rejections = Rejections("User")
    assert rejections.validate(SCHEMA, events(**changed))
    assert rejections.total == 0
    rejections.raise_if_any(IDS)


@pytest.mark.promise(
    "Refused by name, never wrapped.", when="a value too large for the column", area="rows"
)
@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({"entityId": 999}, OUTSIDE),
        ({"entityId": 2000}, OUTSIDE),
        ({"entityId": None}, "entityId: null"),
        ({"userId": None}, "userId: null"),
        ({"metricValue": None}, "metricValue: null"),
        ({"createdAt": None}, "createdAt: null"),
        ({"userId": 2_147_483_648}, WIDE_USER),
        ({"userId": -2_147_483_649}, WIDE_USER),
        ({"metricValue": 2_147_483_648}, WIDE_VALUE),
        ({"metricValue": -2_147_483_649}, WIDE_VALUE),
        ({"createdAt": naive(2025, 10, 1)}, LATE),
        ({"createdAt": naive(2026, 1, 1)}, LATE),
        ({"createdAt": naive(1899, 12, 31, 23, 59, 59, 999_000)}, EARLY),
    ],
)
def test_each_kind_is_found(changed: dict[str, object], kind: str) -> None:
    """A row that must not reach the target is counted once, under the column that is wrong."""
    rejections = Rejections("User")
    assert not rejections.validate(SCHEMA, events(**changed))
    assert by_column(rejections) == {kind.split(":", maxsplit=1)[0]: 1}


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({"entityId": 999}, OUTSIDE),
        ({"userId": None}, "userId: null"),
        ({"userId": 2_147_483_648}, WIDE_USER),
        ({"metricValue": 2_147_483_648}, WIDE_VALUE),
        ({"createdAt": naive(2025, 10, 1)}, LATE),
        ({"createdAt": naive(1899, 12, 31)}, EARLY),
    ],
)
def test_each_kind_is_named_in_words(changed: dict[str, object], kind: str) -> None:
    """An operator reads what is wrong with a row, not the name of a library's check."""
    rejections = Rejections("User")
    rejections.validate(SCHEMA, events(**changed))
    assert list(rejections.counts) == [kind]


def test_bounds_are_the_targets() -> None:
    """A target of unsigned and narrow columns refuses what it cannot hold."""
    narrow = Bounds((0, 2**32 - 1), (0, 255), (0, 100), utc(1970, 1, 1))
    schema = event_schema(IDS, CUTOFF, narrow)
    rejections = Rejections("User")
    for changed in (
        {"userId": -1},
        {"userId": 256},
        {"metricValue": -1},
        {"metricValue": 101},
        {"createdAt": naive(1969, 12, 31, 23, 59, 59)},
    ):
        assert not rejections.validate(schema, events(**changed))
    assert by_column(rejections) == {"userId": 2, "metricValue": 2, "createdAt": 1}
    edges = {"userId": 255, "metricValue": 100, "createdAt": naive(1970, 1, 1)}
    assert Rejections("User").validate(schema, events(**edges))


@pytest.mark.parametrize(
    ("ids", "bounds", "held", "refused"),
    [
        # Cells that cross an end of what 32 bits hold, or lie beyond.
        (IdRange(2**31 - 10, 2**31 + 10), (-(2**31), 2**31 - 1), [2**31 - 10, 2**31 - 1], [2**31]),
        (IdRange(-(2**31) - 5, -(2**31) + 5), (-(2**31), 2**31 - 1), [-(2**31)], [-(2**31) - 1]),
        (IdRange(3 * 10**9, 3 * 10**9 + 5), (-(2**31), 2**31 - 1), [], [3 * 10**9]),
        (IdRange(3 * 10**9, 3 * 10**9 + 5), (-(2**63), 2**63 - 1), [3 * 10**9], []),
        # A target without signs.
        (IdRange(-10, 0), (0, 2**64 - 1), [], [-1, -10]),
        (IdRange(0, 300), (0, 255), [255], [256]),
    ],
)
@pytest.mark.parametrize("width", [pl.Int32, pl.Int64])
def test_an_id_that_the_target_cannot_hold_is_refused(
    ids: IdRange, bounds: tuple[int, int], held: list[int], refused: list[int], width: Any
) -> None:
    """Whatever the partition and the width in the source: named, and not taken for another id."""
    low, high = (-(2**31), 2**31 - 1) if width is pl.Int32 else (-(2**63), 2**63 - 1)
    schema = event_schema(ids, CUTOFF, Bounds(entity_id=bounds), {"entityId": width})
    for entity, passes in ((id, id in held) for id in (*held, *refused) if low <= id <= high):
        rejections = Rejections("User")
        frame = events(entityId=entity).with_columns(pl.col("entityId").cast(width))
        assert rejections.validate(schema, frame) is passes
        kinds = [] if passes else ["entityId: beyond the target's entityId"]
        assert list(rejections.counts) == kinds


def test_a_column_too_many_is_refused() -> None:
    """Events have their five columns and no other."""
    assert not Rejections("User").validate(SCHEMA, events().with_columns(more=1))


def test_counts_add_up_over_batches() -> None:
    """Kinds are counted over the whole range; a row with two faults counts under both."""
    rejections = Rejections("User")
    many = pl.concat([events(entityId=5)] * 4 + [events()])
    assert not rejections.validate(SCHEMA, many)
    assert rejections.validate(SCHEMA, events())
    assert not rejections.validate(SCHEMA, events(entityId=6, userId=None))
    assert by_column(rejections) == {"entityId": 5, "userId": 1}
    assert rejections.total == 6


def test_three_rows_of_a_kind_are_kept() -> None:
    """Samples are the first three failing rows of a kind, over all batches, as they are."""
    rejections = Rejections("User")
    first = pl.concat([events(), events(entityId=1, userId=101), events(entityId=2, userId=102)])
    second = pl.concat([events(entityId=3, userId=103), events(entityId=4, userId=104)])
    assert not rejections.validate(SCHEMA, first)
    assert not rejections.validate(SCHEMA, second)
    (kept,) = rejections.samples.values()
    assert [(row["entityId"], row["userId"]) for row in kept] == [
        (1, 101),
        (2, 102),
        (3, 103),
    ]


def test_the_error_lists_every_kind() -> None:
    """It begins with entity and range, counts every kind, most frequent first, and shows rows."""
    rejections = Rejections("User")
    batch = pl.concat(
        [events(entityId=5), events(entityId=6), events(createdAt=naive(2025, 10, 1))]
    )
    rejections.validate(SCHEMA, batch)
    rejections.validate(SCHEMA, events(userId=None, metricValue=2**40))
    with pytest.raises(RejectedRowsError) as refusal:
        rejections.raise_if_any(IDS)
    lines = str(refusal.value).splitlines()
    assert lines[0].startswith("User/1000-1999: 5 values of the source fail")
    assert "nothing was written" in lines[0]
    assert lines[1].startswith("  entityId: ")
    assert lines[1].endswith(": 2")
    assert "entityId=5" in lines[2]
    assert "entityId=6" in lines[3]
    rest = "\n".join(lines[4:])
    for column in ("createdAt", "userId", "metricValue"):
        assert f"\n  {column}: " in "\n" + rest
    assert rest.count(": 1\n") == 3
    assert "createdAt=2025-10-01T00:00:00+00:00" in rest
    assert "metricValue=1099511627776" in rest


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(
            st.integers(990, 2010),
            st.one_of(st.none(), st.integers(-(2**33), 2**33)),
            st.integers(-2, 2),
        ),
        max_size=12,
    )
)
def test_failures_are_exactly_those_of_the_contract(
    cases: list[tuple[int, int | None, int]],
) -> None:
    """Whatever the batch, each kind counts the rows that break its sentence, no more, no less."""
    good = events()
    batch = pl.concat(
        [good.clear()]
        + [
            events(
                entityId=entity,
                userId=user,
                createdAt=naive(2025, 10, 1) + timedelta(milliseconds=offset),
            )
            for entity, user, offset in cases
        ]
    )
    expected = {
        "entityId": sum(entity < 1000 or entity > 1999 for entity, _, _ in cases),
        "userId": sum(user is None or not -(2**31) <= user < 2**31 for _, user, _ in cases),
        "createdAt": sum(offset >= 0 for _, _, offset in cases),
    }
    rejections = Rejections("User")
    assert rejections.validate(SCHEMA, batch) == (not any(expected.values()))
    assert by_column(rejections) == {column: count for column, count in expected.items() if count}
