from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from metric_assets_tests.conventions.files import (
    MODULES,
    PACKAGE,
    ROOT,
    docstrings,
    functions,
    name_of,
    tree,
)

pytestmark = pytest.mark.conventions

#: Hard limits; the aims are 200 and 40 lines.
MODULE_LINES = 250
FUNCTION_LINES = 45
#: Tables of literal rows, as long as there are rows.
TABLES = {
    path
    for path in (PACKAGE / "catalog").glob("*.py")
    if path.stem not in {"__init__", "catalog", "document", "model", "reasons", "scan"}
}
TESTS = sorted(
    path
    for path in (ROOT / "metric_assets_tests").rglob("test_*.py")
    if "__pycache__" not in path.parts
)

_STATEMENT = re.compile(
    r"""^\s*\(?(
        SELECT\s+\S.*\bFROM\b | SELECT\s+\w+\s*\( | SELECT\s+(\d|\*|')
      | INSERT\s+INTO\b
      | DELETE\s+FROM\b
      | UPDATE\s+\S+\s+SET\b
      | (CREATE|DROP|ALTER|TRUNCATE|ATTACH|DETACH|RENAME)\s+
        (OR\s+REPLACE\s+|TEMPORARY\s+|UNIQUE\s+|MATERIALIZED\s+)*
        (TABLE|INDEX|VIEW|DATABASE|SCHEMA|TYPE|FUNCTION|ROLE|USER)\b
      | KILL\s+QUERY\b | OPTIMIZE\s+TABLE\b | SHOW\s+(TABLES|DATABASES)\b
    )""",
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)


def _sql_texts(module: Path) -> list[str]:
    """Strings of a module that are SQL statements; docstrings and proposed indexes are not."""
    allowed = docstrings(module)
    if module in TABLES:
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.keyword) and node.arg == "index":
                allowed |= {id(one) for one in ast.walk(node.value)}
    return [
        f"line {node.lineno}: {node.value}"
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in allowed
        and _STATEMENT.search(node.value)
    ]


def _offenders(found: dict[Path, list[str]]) -> dict[str, list[str]]:
    return {name_of(module): texts for module, texts in found.items() if texts}


def test_no_sql_in_python() -> None:
    """SQL is text on disk: runnable by hand, checked for its binds, never put together."""
    core = [module for module in MODULES if not module.is_relative_to(PACKAGE / "local")]
    assert _offenders({module: _sql_texts(module) for module in core}) == {}


#: Modules that boot or imitate a server: putting its statements together is their very work.
SERVERS = {
    "metric_assets/local/chdb_http/engine.py",  # asks the engine for its own version and settings
    "metric_assets/local/chdb_http/statement.py",  # recognizes and rewrites clients' statements
    "metric_assets/local/postgres.py",  # CREATE DATABASE, before there is anything to connect to
}


def test_no_sql_in_python_of_the_embedded_stack() -> None:
    """The same holds for the package that starts and fills servers, except for the servers."""
    local = [module for module in MODULES if module.is_relative_to(PACKAGE / "local")]
    found = _offenders({module: _sql_texts(module) for module in local})
    assert set(found) == SERVERS


@pytest.mark.parametrize(
    ("text", "is_sql"),
    [
        ("SELECT id FROM users", True),
        ("SELECT 1", True),
        ("SELECT version()", True),
        ("insert it into the table", False),
        ("INSERT INTO x VALUES", True),
        ("DELETE FROM x", True),
        ("CREATE TABLE x", True),
        ("CREATE MATERIALIZED VIEW x", True),
        ("ALTER TABLE x", True),
        ("TRUNCATE TABLE x", True),
        ("DROP TABLE IF EXISTS x", True),
        ("INSERT", False),
        ("Look whether the SELECT is slow", False),
        ("Grant SELECT, CREATE TABLE and ALTER TABLE on it", False),
        ("WITH x AS (\n  SELECT 1\n)", True),
        (r"INSERT\s+INTO", False),
    ],
)
def test_the_rule_knows_sql(text: str, is_sql: bool) -> None:
    """What the rule above takes for a statement, and what it does not."""
    assert bool(_STATEMENT.search(text)) is is_sql


def test_modules_are_short() -> None:
    """At most 250 lines; tables of the catalog may be longer."""
    lines = {
        name_of(module): len(module.read_text(encoding="utf-8").splitlines())
        for module in MODULES
        if module not in TABLES
    }
    assert {name: count for name, count in lines.items() if count > MODULE_LINES} == {}


def test_functions_are_short() -> None:
    """At most 45 lines each."""
    lines = {
        f"{name_of(module)}: {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for module in MODULES
        for node in functions(module)
    }
    assert {name: count for name, count in lines.items() if count > FUNCTION_LINES} == {}


def test_no_module_is_a_catch_all() -> None:
    """No utils, helpers or common: a module is named by what it holds."""
    nameless = {"utils", "util", "helpers", "common", "misc", "base"}
    assert [name_of(module) for module in MODULES if module.stem in nameless] == []


def test_every_test_module_has_its_folders_marker() -> None:
    """Unit, conventions, integration, end_to_end: `-m` selects what the folder does."""
    unmarked = [
        name_of(module)
        for module in TESTS
        if f"pytest.mark.{module.parent.name}" not in module.read_text(encoding="utf-8")
    ]
    assert unmarked == []
