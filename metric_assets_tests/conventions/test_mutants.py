from __future__ import annotations

import ast
import re

import pytest

from metric_assets_tests.conventions.files import ROOT, tree
from metric_assets_tests.mutants.cases import MUTANTS, Mutant

pytestmark = pytest.mark.conventions

PAGE = ROOT / "docs" / "reliability.md"

mutants = pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)


def test_every_mutant_has_a_name() -> None:
    """No two mutants are called the same, and `--only` with a whole name means something."""
    names = [mutant.name for mutant in MUTANTS]
    assert sorted(names) == sorted(set(names))


@mutants
def test_every_change_fits(mutant: Mutant) -> None:
    """What a mutant takes out is there exactly once: a guard that moved takes its mutant along."""
    for edit in mutant.edits:
        assert edit.old != edit.new
        assert (ROOT / edit.file).read_text(encoding="utf-8").count(edit.old) == 1, edit


@mutants
def test_every_killer_exists(mutant: Mutant) -> None:
    """The tests that have to notice are test functions of the modules that are named."""
    assert mutant.killers
    for killer in mutant.killers:
        file, _, rest = killer.partition("::")
        module = ROOT / "metric_assets_tests" / file
        names = {node.name for node in tree(module).body if isinstance(node, ast.FunctionDef)}
        assert rest.partition("[")[0] in names, killer


def test_the_page_tells_of_every_mutant() -> None:
    """The table of docs/reliability.md has a row for each, in this order, and none for another."""
    section = PAGE.read_text(encoding="utf-8").partition("\n## Mutants\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \| .+ \| \d+ \|$", section, re.MULTILINE)
    assert rows == [mutant.name for mutant in MUTANTS]
