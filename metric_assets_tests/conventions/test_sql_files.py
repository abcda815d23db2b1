from __future__ import annotations

import re

import pytest

from metric_assets.catalog import ENTITIES, PAIRS, SCANS, Pair, Scan, Store
from metric_assets.entity_ids import NEXT_ROWS
from metric_assets.sql import bare_text, load
from metric_assets_tests.conventions.files import MODULES, SQL, name_of

pytestmark = pytest.mark.conventions

FILES = sorted(SQL.rglob("*.sql"))
SCOPE = {"start", "stop", "until"}

scans = pytest.mark.parametrize("scan", SCANS, ids=lambda scan: scan.name)
pairs = pytest.mark.parametrize("pair", PAIRS.values(), ids=lambda pair: pair.key)


@scans
def test_every_scan_has_its_file(scan: Scan) -> None:
    """A row of the catalog names a statement that exists."""
    assert (SQL / f"{scan.name}.sql").is_file()


@pytest.mark.parametrize("entity", ENTITIES.values(), ids=lambda entity: entity.name)
def test_every_file_of_an_entity_belongs_to_a_scan(entity: object) -> None:
    """No statement lies about that no row of the catalog reads."""
    folder = SQL / entity.folder  # type: ignore[attr-defined]
    found = {f"{folder.name}/{file.stem}" for file in folder.glob("*.sql")}
    assert found == {scan.name for scan in SCANS if scan.name.startswith(f"{folder.name}/")}


def _is_named(name: str, code: str) -> bool:
    """Whether code names a statement: by its stem, or by its beginning, ``room/thing_{…}``."""
    room, _, stem = name.partition("/")
    begun = [f"{room}/{stem[:end]}{{" for end in range(1, len(stem)) if stem[end - 1] == "_"]
    return bool(re.search(rf"""[/"']{stem}["']""", code)) or any(one in code for one in begun)


def test_every_other_file_is_read_by_somebody() -> None:
    """A statement outside the entities' folders is named somewhere in the package."""
    known = {entity.folder for entity in ENTITIES.values()} | {"legacy", "entities", "demo"}
    code = "\n".join(module.read_text(encoding="utf-8") for module in MODULES)
    names = [file.relative_to(SQL).with_suffix("").as_posix() for file in FILES]
    rest = [name for name in names if name.split("/")[0] not in known]
    assert [name for name in rest if not _is_named(name, code)] == []


@scans
def test_a_scan_asks_for_its_scope(scan: Scan) -> None:
    """Placeholders are start, stop, until; in ClickHouse versions too, where the row says so."""
    asked = load(scan.name).placeholders
    wanted = SCOPE | ({"versions"} if scan.versions else set())
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
    if scan.versions:
        types["versions"] = "Identifier"
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


@pytest.mark.parametrize("entity", ENTITIES)
@pytest.mark.parametrize(
    ("question", "binds"),
    [
        ("highest", {"cutoff", "below"}),
        ("next", {"cutoff", "first"}),
        ("outside", {"cutoff", "first", "last", "size"}),
        ("existing", {"ids"}),
    ],
)
def test_every_entity_can_be_asked_for(entity: str, question: str, binds: set[str]) -> None:
    """Every question about an entity exists, asks for what audit binds, and returns ids or cells."""
    statement = load(f"entities/{ENTITIES[entity].folder}_{question}")
    assert statement.placeholders == binds
    assert re.search(r'AS "cell"' if question == "outside" else r'AS "id"', statement.text)
    if question == "next":
        assert f"LIMIT {NEXT_ROWS}" in statement.text
    assert f'FROM "{ENTITIES[entity].table}"' in statement.text


@pytest.mark.parametrize("entity", ENTITIES)
def test_every_entity_has_its_legacy_statement(entity: str) -> None:
    """It reads the entity's legacy table, all time, by start and stop."""
    statement = load(f"legacy/{ENTITIES[entity].folder}")
    assert statement.placeholders == {"start", "stop"}
    assert f'"{ENTITIES[entity].legacy_table}"' in statement.text
    assert "timeframe = 'AllTime'" in statement.text
    assert 'AS "entityId"' in statement.text


@pairs
def test_every_pair_has_a_legacy_column_that_is_returned(pair: Pair) -> None:
    """The column a pair is compared with is one that the legacy statement of its entity returns."""
    entity = ENTITIES[pair.entity]
    assert pair.legacy.table == entity.legacy_table
    assert f'AS "{pair.legacy.field}"' in load(f"legacy/{entity.folder}").text


@pairs
def test_every_pair_is_described(pair: Pair) -> None:
    """A sentence, with its full stop."""
    assert re.fullmatch(r"[A-Z].{10,}\.", pair.description)


@pairs
def test_a_mean_is_taken_over_a_pair(pair: Pair) -> None:
    """The metric that counts what a mean sums is a pair of the same entity."""
    if pair.legacy.average_over is not None:
        assert f"{pair.entity}/{pair.legacy.average_over}" in PAIRS
