from __future__ import annotations

import ast

import pytest

from metric_assets_tests.conventions.files import ROOT, tree
from metric_assets_tests.mutants.mutant import Mutant, check, read_all
from metric_assets_tests.mutants.page import PAGE, parse, render

pytestmark = pytest.mark.conventions

MUTANTS = read_all()

mutants = pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.patch.stem)


def test_every_mutant_has_a_name() -> None:
    """No two mutants are called the same, so `--only` with a whole name runs that one."""
    names = [mutant.name for mutant in MUTANTS]
    assert sorted(names) == sorted(set(names))


@mutants
def test_every_patch_applies(mutant: Mutant) -> None:
    """A patch applies to the code as it is, and each of its hunks fits in one place only."""
    assert mutant.hunks
    check(mutant, ROOT)


@mutants
def test_every_killer_exists(mutant: Mutant) -> None:
    """The tests that have to fail are test functions of the modules that are named."""
    for killer in mutant.killers:
        file, _, rest = killer.partition("::")
        names = {node.name for node in tree(ROOT / file).body if isinstance(node, ast.FunctionDef)}
        assert rest.partition("[")[0] in names, killer


def test_the_page_has_a_row_for_every_mutant() -> None:
    """Each was run and killed; `python -m metric_assets_tests.mutants --only NAME` adds a row."""
    text = PAGE.read_text(encoding="utf-8")
    rows = parse(text)
    assert [(row.name, row.patch) for row in rows if row.killed] == [
        (mutant.name, mutant.patch.name) for mutant in MUTANTS
    ]
    assert render(rows) == text
