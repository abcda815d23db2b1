from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metric_assets.sql import Statement, StatementError
from metric_assets.stores import clickhouse_text, postgres_text
from metric_assets.stores.ports import Bind

pytestmark = pytest.mark.unit

HOSTILE = "x'); DROP TABLE users; --"


def statement(text: str, *placeholders: str) -> Statement:
    """A statement with this text."""
    return Statement("test/one", text, "A test.", frozenset(placeholders))


def postgres_value(value: object) -> str:
    """How a value reads in a Postgres statement."""
    return postgres_text.render(statement("SELECT :x", "x"), {"x": value}).removeprefix("SELECT ")  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5, "5"),
        (0, "0"),
        (-5, " -5"),
        (2**62, "4611686018427387904"),
        (True, "true"),
        ("plain", "'plain'"),
        ("", "''"),
        ("it's", "'it''s'"),
        (HOSTILE, "'x''); DROP TABLE users; --'"),
        (":start", "':start'"),
        ("100%", "'100%'"),
        ([1, 2, 3], "'{1,2,3}'::"),
    ],
)
def test_postgres_quotes_values(value: object, expected: str) -> None:
    """Numbers stand as they are, strings are quoted whatever they hold, lists become arrays."""
    found = postgres_value(value)
    assert found.strip().startswith(expected.strip())


def test_postgres_escapes_a_backslash() -> None:
    """A backslash can not end a string early, whatever standard_conforming_strings says."""
    assert postgres_value("a\\' OR 1=1") == " E'a\\\\'' OR 1=1'"


@pytest.mark.parametrize(
    "instant",
    [
        datetime(2025, 10, 1, 0, 0, 0, 123_000, tzinfo=timezone.utc),
        datetime(2025, 10, 1, 2, 0, 0, 123_000, tzinfo=timezone(timedelta(hours=2))),
        datetime(
            2025, 9, 30, 18, 30, 0, 123_000, tzinfo=timezone(timedelta(hours=-5, minutes=-30))
        ),
    ],
)
def test_postgres_binds_instants_in_utc_without_zone(instant: datetime) -> None:
    """Source times are UTC without zone: an instant with any offset is written as that."""
    assert postgres_value(instant).startswith("'2025-10-01 00:00:00.123000'")
    assert "+" not in postgres_value(instant)
    assert postgres_value(instant).endswith(("'", "::timestamp"))


def test_postgres_binds_the_same_name_everywhere() -> None:
    """Every occurrence is replaced, casts and words around it are not touched."""
    text = "WHERE a >= :start AND b = ANY (:ids) AND c::text <> 'x:y' AND d < :start::bigint"
    rendered = postgres_text.render(
        statement(text, "start", "ids"), {"start": 7, "ids": ["a", "b'c"]}
    )
    assert rendered.startswith("WHERE a >= 7 AND b = ANY ('{a,b''c}'")
    assert rendered.endswith(" AND c::text <> 'x:y' AND d < 7::bigint")


def test_postgres_does_not_look_into_what_it_has_bound() -> None:
    """A value that looks like a placeholder is a value."""
    rendered = postgres_text.render(statement("SELECT :a, :b", "a", "b"), {"a": ":b", "b": "x"})
    assert rendered == "SELECT ':b', 'x'"


def test_postgres_leaves_strings_and_comments_alone() -> None:
    """What is no placeholder to the check is none to the rendering either."""
    text = "SELECT 'at :noon' -- and :later\nWHERE id >= :start"
    rendered = postgres_text.render(statement(text, "start"), {"start": 7})
    assert rendered == "SELECT 'at :noon' -- and :later\nWHERE id >= 7"


@given(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])))
def test_postgres_strings_are_one_literal(text: str) -> None:
    """Any string is one literal: a doubled quote inside, one quote at each end, nothing after."""
    found = postgres_value(text).strip()
    body = found.removeprefix("E")
    assert body[0] == body[-1] == "'"
    inside = body[1:-1]
    if found.startswith("E"):
        inside = inside.replace("\\\\", "\\")
    assert inside.replace("''", "\x00").count("'") == 0
    assert inside.replace("''", "'") == text


@pytest.mark.parametrize("render", [postgres_text.render, clickhouse_text.render])
@pytest.mark.parametrize("binds", [{}, {"start": 1, "more": 2}])
def test_other_binds_are_refused(render: object, binds: dict[str, object]) -> None:
    """Neither store renders a statement with other binds than it asks for."""
    one = statement("SELECT :start", "start")
    with pytest.raises(StatementError, match=r"^sql/test/one\.sql: "):
        render(one, binds)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Tag", '"Tag"'),
        ('a"b', '"a""b"'),
        (HOSTILE, f'"{HOSTILE}"'),
        (":start", '":start"'),
        (["likeCount"], '"likeCount"'),
        (["likeCount", 'a", "b'], '"likeCount", "a"", ""b"'),
    ],
)
def test_postgres_quotes_names(value: Bind, expected: str) -> None:
    """A table or column is one identifier whatever it holds; several stand with commas between."""
    one = statement('SELECT e.:"x"', "x")
    assert postgres_text.render(one, {"x": value}) == f"SELECT e.{expected}"


@pytest.mark.parametrize("value", [5, True, [], datetime(2025, 10, 1, tzinfo=timezone.utc)])
def test_postgres_refuses_what_is_no_name(value: Bind) -> None:
    """A number is no column, and no columns are none."""
    with pytest.raises(StatementError, match="no name of a table or column"):
        postgres_text.render(statement('SELECT :"x"', "x"), {"x": value})


def test_a_value_and_a_name_of_the_same_name() -> None:
    """How a bind is quoted is said by the text, place by place."""
    one = statement("""SELECT :"x", :x, ':"x"' """, "x")
    assert postgres_text.render(one, {"x": "a"}).strip() == """SELECT "a", 'a', ':"x"'"""


def test_clickhouse_serves_values_as_parameters() -> None:
    """Values never enter the text: the server binds them by their types."""
    text = "WHERE a = {entity:String} AND b IN {metrics:Array(String)} AND c < {stop:Int64}"
    binds: dict[str, Bind] = {"entity": HOSTILE, "metrics": ["a", "b'c"], "stop": 9}
    rendered, served = clickhouse_text.render(statement(text, *binds), binds)
    assert rendered == text
    assert served == {"entity": HOSTILE, "metrics": ["a", "b'c"], "stop": 9}


@pytest.mark.parametrize(
    "instant",
    [
        datetime(2025, 10, 1, 0, 0, 0, 7_000, tzinfo=timezone.utc),
        datetime(2025, 10, 1, 2, 0, 0, 7_000, tzinfo=timezone(timedelta(hours=2))),
        datetime(2025, 9, 30, 23, 0, 0, 7_000, tzinfo=timezone(timedelta(hours=-1))),
    ],
)
def test_clickhouse_serves_instants_in_utc(instant: datetime) -> None:
    """An instant is served as UTC to the millisecond, whatever offset it came with."""
    text = "WHERE t < {cutoff:DateTime64(3, 'UTC')}"
    rendered, served = clickhouse_text.render(statement(text, "cutoff"), {"cutoff": instant})
    assert rendered == text
    assert served == {"cutoff": "2025-10-01 00:00:00.007"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("events", "events"),
        ("entityMetricEvents__stage_0a", "entityMetricEvents__stage_0a"),
        ("my events", "`my events`"),
        ("a`b", "`a\\`b`"),
        ("a; DROP TABLE b", "`a; DROP TABLE b`"),
    ],
)
def test_clickhouse_quotes_identifiers(name: str, expected: str) -> None:
    """A table's name is one identifier, plain or in backticks with inner ones escaped."""
    one = statement("DROP TABLE {table:Identifier} SYNC", "table")
    rendered, served = clickhouse_text.render(one, {"table": name})
    quoted = rendered.removeprefix("DROP TABLE ").removesuffix(" SYNC")
    assert quoted in {expected, f"`{expected}`"}
    assert served == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "'plain'"),
        ("it's", r"'it\'s'"),
        ("back\\slash", r"'back\\slash'"),
        (HOSTILE, r"'x\'); DROP TABLE users; --'"),
        ('{"run": "1"}', """'{"run": "1"}'"""),
    ],
)
def test_clickhouse_quotes_literals(text: str, expected: str) -> None:
    """Where the server takes no parameter, a string is one escaped literal."""
    one = statement("COMMENT {owner:Literal}", "owner")
    assert clickhouse_text.render(one, {"owner": text}) == (f"COMMENT {expected}", {})


def test_clickhouse_does_not_look_into_what_it_has_quoted() -> None:
    """An owner that looks like a placeholder is text; the real one beside it is served."""
    one = statement("COMMENT {owner:Literal} AS SELECT {stop:Int64}", "owner", "stop")
    rendered, served = clickhouse_text.render(one, {"owner": "{stop:Int64}", "stop": 5})
    assert rendered == "COMMENT '{stop:Int64}' AS SELECT {stop:Int64}"
    assert served == {"stop": 5}


def test_clickhouse_leaves_strings_and_comments_alone() -> None:
    """What is no placeholder to the check is none to the rendering either."""
    text = "SELECT '{no:Int64}' -- nor {that:Identifier}\nWHERE id < {stop:Int64}"
    rendered, served = clickhouse_text.render(statement(text, "stop"), {"stop": 5})
    assert rendered == text
    assert served == {"stop": 5}
