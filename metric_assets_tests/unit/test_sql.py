from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from metric_assets import sql
from metric_assets.sql import Statement, StatementError, load

pytestmark = pytest.mark.unit

Write = Callable[[str], Statement]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Puts a text on disk and loads it by its name."""

    def put(text: str) -> Statement:
        (tmp_path / "one.sql").write_text(text, encoding="utf-8")
        load.cache_clear()
        return load("one")

    monkeypatch.setattr(sql, "root", lambda: tmp_path)
    yield put
    load.cache_clear()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT 1", set()),
        ("SELECT :start", {"start"}),
        ("WHERE id >= :start AND id < :stop AND id <> :start", {"start", "stop"}),
        ("SELECT x::text, y::bigint", set()),
        ("SELECT :start::bigint", {"start"}),
        ("SELECT ':start'", set()),
        ("SELECT '00:00:00', :cutoff", {"cutoff"}),
        ("SELECT 'it''s :no', :yes", {"yes"}),
        ("SELECT 1 -- not :this\n, :that", {"that"}),
        ("SELECT 1 -- don't\n, :that, 'x'", {"that"}),
        ("SELECT a:b", set()),
        ("SELECT (:start),:stop", {"start", "stop"}),
        ("WHERE t < {cutoff:DateTime64(3, 'UTC')}", {"cutoff"}),
        ("WHERE t IN {metrics:Array(String)} AND id < {stop:Int64}", {"metrics", "stop"}),
        ("FROM {table:Identifier} COMMENT {owner:Literal}", {"table", "owner"}),
        ("SELECT '{no:Int64}' -- {nor:Int64}", set()),
        ("SELECT {}, {1:2}, map['a']", set()),
        ('SELECT e.:"id" FROM :"table" e WHERE e.:"id"::text = \':"no"\'', {"id", "table"}),
        ('SELECT x::"kind", a:"b" -- :"no"', set()),
    ],
)
def test_placeholders_are_found(write: Write, text: str, expected: set[str]) -> None:
    """:name and {name:Type} are binds; casts, times, strings and comments are not."""
    assert write(text).placeholders == expected


def test_two_hyphens_in_a_string_are_no_comment(write: Write) -> None:
    """What follows a string that holds two hyphens is still seen."""
    assert write("SELECT '--', :start, 'x'").placeholders == {"start"}


def test_the_leading_comment_is_the_description(write: Write) -> None:
    """The comment lines at the head are joined; the text is what follows, without blank ends."""
    statement = write("-- What it is,\n--   on two lines.\nSELECT 1\n-- a remark\nFROM x\n\n")
    assert statement.name == "one"
    assert statement.description == "What it is, on two lines."
    assert statement.text == "SELECT 1\n-- a remark\nFROM x"


def test_no_comment_no_description(write: Write) -> None:
    """A statement without a comment is described by nothing."""
    assert write("SELECT 1").description == ""


def test_exactly_what_is_asked_for_passes(write: Write) -> None:
    """Binds equal to the placeholders are fine, given as a mapping or a list."""
    statement = write("SELECT :start, :stop")
    statement.check({"start": 1, "stop": 2})
    statement.check(["stop", "start"])


@pytest.mark.parametrize(
    ("binds", "said"),
    [
        ([], r"missing binds \['start', 'stop'\], binds it does not ask for \[\]"),
        (["start"], r"missing binds \['stop'\], binds it does not ask for \[\]"),
        (["start", "stop", "x"], r"missing binds \[\], binds it does not ask for \['x'\]"),
        (["start", "x"], r"missing binds \['stop'\], binds it does not ask for \['x'\]"),
    ],
)
def test_other_binds_are_refused(write: Write, binds: list[str], said: str) -> None:
    """Too few and too many are both errors that name the file and the binds."""
    with pytest.raises(StatementError, match=r"^sql/one\.sql: " + said):
        write("SELECT :start, :stop").check(binds)


def test_a_missing_statement_is_named() -> None:
    """The message begins with the path that was looked for."""
    with pytest.raises(StatementError, match=r"^sql/nowhere/nothing\.sql: no such statement"):
        load("nowhere/nothing")


def test_a_path_is_below_the_root() -> None:
    """A name is the path below sql/ without its ending, and that file exists."""
    assert sql.path("user/following") == sql.root() / "user" / "following.sql"
    assert sql.path("user/following").is_file()
