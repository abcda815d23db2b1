from __future__ import annotations

import re
from datetime import datetime, timezone

import pytest

from metric_assets.audit.entity_ids import dated_binds, table_binds
from metric_assets.audit.legacy_tables import by_table, counters_binds
from metric_assets.catalog import CATALOG
from metric_assets.catalog.model import Pair
from metric_assets.catalog.scan import Scan, Store
from metric_assets.ranges import IdRange
from metric_assets.sql import load
from metric_assets.stores.postgres_text import render
from metric_assets_tests.conventions.files import HOW_TO, MODULES, SQL, name_of

pytestmark = pytest.mark.conventions

FILES = sorted(SQL.rglob("*.sql"))
SCOPE = {"start", "stop", "until"}
#: Comments, strings, and placeholders, whose types may hold strings.
_APART = re.compile(r"--[^\n]*|'(?:[^']|'')*'|\{[^}]*\}")
CUTOFF = datetime(2025, 10, 1, tzinfo=timezone.utc)

scans = pytest.mark.parametrize("scan", CATALOG.scans, ids=lambda scan: scan.name)
pairs = pytest.mark.parametrize("pair", CATALOG.pairs.values(), ids=lambda pair: pair.key)


def bare_text(text: str) -> str:
    """The text without comments and with empty string literals: only what a server acts on."""
    bare = {"-": "", "'": "''"}
    return _APART.sub(lambda found: bare.get(found[0][0], found[0]), text)


def test_bare_text_keeps_what_is_neither_string_nor_comment() -> None:
    """Strings are emptied, comments go, the rest stays."""
    assert bare_text("SELECT 'a''b', x -- why\nFROM y") == "SELECT '', x \nFROM y"


@scans
def test_every_scan_has_its_file(scan: Scan) -> None:
    """A row of the catalog names a statement that exists."""
    assert (SQL / f"{scan.name}.sql").is_file(), f"there is no sql/{scan.name}.sql; {HOW_TO}"


@pytest.mark.parametrize("entity", CATALOG.entity.values(), ids=lambda entity: entity.name)
def test_every_file_of_an_entity_belongs_to_a_scan(entity: object) -> None:
    """No statement lies about that no row of the catalog reads."""
    folder = SQL / entity.folder  # type: ignore[attr-defined]
    found = {f"{folder.name}/{file.stem}" for file in folder.glob("*.sql")}
    assert found == {scan.name for scan in CATALOG.scans if scan.name.startswith(f"{folder.name}/")}


def _is_named(name: str, code: str) -> bool:
    """Whether code names a statement: by its stem, or by its beginning, ``folder/thing_{…}``."""
    folder, _, stem = name.partition("/")
    begun = [f"{folder}/{stem[:end]}{{" for end in range(1, len(stem)) if stem[end - 1] == "_"]
    return bool(re.search(rf"""[/"']{stem}["']""", code)) or any(one in code for one in begun)


def test_every_other_file_is_read_by_somebody() -> None:
    """A statement outside the entities' folders is named somewhere in the package."""
    known = {entity.folder for entity in CATALOG.entity.values()} | {"demo"}
    code = "\n".join(module.read_text(encoding="utf-8") for module in MODULES)
    names = [file.relative_to(SQL).with_suffix("").as_posix() for file in FILES]
    rest = [name for name in names if name.split("/")[0] not in known]
    assert [name for name in rest if not _is_named(name, code)] == []


@scans
def test_a_scan_asks_for_its_scope(scan: Scan) -> None:
    """Placeholders are start, stop, until; in ClickHouse dimensions too, where the row names them."""
    asked = load(scan.name).placeholders
    wanted = SCOPE | set(scan.dimensions)
    assert asked == wanted
    if scan.store is Store.POSTGRES:
        assert asked == SCOPE


@scans
def test_a_scan_binds_in_the_way_of_its_store(scan: Scan) -> None:
    """{name:Type} in ClickHouse, with these types; :name in Postgres; never both."""
    text = bare_text(load(scan.name).text)
    found = {
        name: kind.replace(" ", "") for name, kind in re.findall(r"\{([a-z_]+):([^}]+)\}", text)
    }
    if scan.store is Store.POSTGRES:
        assert found == {}
        return
    types = {"start": "Int64", "stop": "Int64", "until": "DateTime64(3,'UTC')"}
    types |= dict.fromkeys(scan.dimensions, "Identifier")
    assert found == types


@scans
def test_a_scan_names_the_columns_its_pairs_need(scan: Scan) -> None:
    """Every column is there under its own name; that there is no other, the stores' tests say."""
    text = load(scan.name).text
    quote = '"' if scan.store is Store.POSTGRES else ""
    missing = [
        column
        for column in scan.columns
        if not re.search(rf"\bAS {quote}{column}{quote}(?!\w)", text)
    ]
    assert missing == []


@scans
def test_a_scan_reads_its_sources(scan: Scan) -> None:
    """Every table that lineage shows occurs in the text."""
    text = bare_text(load(scan.name).text)
    missing = [table for table in scan.sources if not re.search(rf"\b{table}\b", text)]
    assert missing == []


@scans
def test_a_scan_is_pure(scan: Scan) -> None:
    """One SELECT: nothing that writes, and no clock or chance that makes two reads differ; but for
    what is to be published later, which counts from the snapshot's instant on.
    """
    text = bare_text(load(scan.name).text).replace(""""publishedAt" <= now() AT TIME ZONE ''""", "")
    writes = r"\b(INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|TRUNCATE|GRANT)\b"
    chance = r"\b(now|current_timestamp|current_date|localtimestamp|today|rand|random)\b\s*\(?"
    assert re.match(r"(SELECT|WITH)\b", text.strip())
    assert not re.search(writes, text)
    assert not re.search(chance, text, re.IGNORECASE)
    assert ";" not in text


def test_every_statement_begins_with_its_description() -> None:
    """The first line is a comment with words: it is what the UI and the docs show."""
    silent = [
        name_of(file) for file in FILES if not re.match(r"-- \w", file.read_text(encoding="utf-8"))
    ]
    assert silent == []


@pytest.mark.parametrize("entity", CATALOG.entity)
@pytest.mark.parametrize(
    ("question", "binds"),
    [
        ("highest", {"created", "cutoff", "below"}),
        ("next", {"created", "cutoff", "first", "most"}),
        ("outside", {"created", "cutoff", "first", "last", "size"}),
        ("existing", {"ids"}),
    ],
)
def test_every_entity_can_be_asked_for(entity: str, question: str, binds: set[str]) -> None:
    """Every question about an entity asks for what is bound, names its table, and returns ids or
    cells.
    """
    statement = load(f"entities/{question}")
    assert statement.placeholders == {"table", "id"} | binds
    assert re.search(r'AS "cell"' if question == "outside" else r'AS "id"', statement.text)
    row = CATALOG.entity[entity]
    names = dated_binds(row, CUTOFF) if "created" in binds else table_binds(row)
    text = render(statement, {**dict.fromkeys(statement.placeholders, 1), **names})
    assert f'FROM "{row.table}" e' in text
    assert f'e."{row.id}"' in text
    assert (f'e."{row.created}"' in text) is ("created" in binds)


@pytest.mark.parametrize("entity", CATALOG.entity)
def test_every_legacy_table_is_read_by_one_statement(entity: str) -> None:
    """It reads the table and columns that the pairs name, all time, by start and stop."""
    for pairs in by_table(CATALOG.pairs_of(entity)):
        text = render(
            load("legacy/counters"), counters_binds(CATALOG.entity[entity], pairs, IdRange(0, 10))
        )
        key = CATALOG.entity[entity].legacy_id
        assert f'm."{key}" AS "entityId"' in text
        assert f'FROM "{pairs[0].legacy.table}" m' in text
        assert "timeframe = 'AllTime'" in text
        assert f'm."{key}" >= 0' in text
        assert f'm."{key}" < 10' in text
        assert all(f'"{pair.legacy.field}"' in text for pair in pairs)


@pairs
def test_every_pair_names_a_legacy_column_that_there_is(pair: Pair) -> None:
    """The demo's schema, which is the platform's, has it; so it has the column of ids."""
    columns = _columns(pair.legacy.table)
    assert pair.legacy.field in columns
    assert CATALOG.entity[pair.entity].legacy_id in columns


@pytest.mark.parametrize("entity", CATALOG.entity)
def test_every_entity_names_columns_that_there_are(entity: str) -> None:
    """Its table is in the demo's schema, with the columns of ids and of times."""
    row = CATALOG.entity[entity]
    assert {row.id, row.created or row.id} <= _columns(row.table)


def _columns(table: str) -> set[str]:
    """Columns that the demo gives a table of Postgres."""
    files = sorted((SQL / "demo").glob("*/schema.sql"))
    schema = "\n".join(file.read_text(encoding="utf-8") for file in files)
    body = re.search(rf'CREATE TABLE "{table}" \((.*?)\n\);', schema, re.DOTALL)
    assert body is not None, f"no sql/demo/*/schema.sql makes {table}; {HOW_TO}"
    return set(re.findall(r'^    "?(\w+)"?', body[1], re.MULTILINE))


def test_no_two_statements_differ_by_names_only() -> None:
    """A statement that says the same of another table binds the table: facts have one home.

    Scans are apart: each is the text of one entity, to be read and run by itself.
    """
    apart = {entity.folder for entity in CATALOG.entity.values()} | {"demo"}
    texts: dict[str, list[str]] = {}
    for file in FILES:
        if file.relative_to(SQL).parts[0] not in apart:
            text = re.sub(r"--[^\n]*", "", file.read_text(encoding="utf-8"))
            shape = " ".join(re.sub(r'"\w+"', '""', text).split())
            texts.setdefault(shape, []).append(file.relative_to(SQL).as_posix())
    assert [same for same in texts.values() if len(same) > 1] == []


@pairs
def test_every_pair_is_described(pair: Pair) -> None:
    """A sentence, with its full stop."""
    assert re.fullmatch(r"[A-Z].{10,}\.", pair.description)


@pairs
def test_a_mean_is_taken_over_a_pair(pair: Pair) -> None:
    """The metric that counts what a mean sums is a pair of the same entity."""
    if pair.legacy.average_over is not None:
        assert f"{pair.entity}/{pair.legacy.average_over}" in CATALOG.pairs
