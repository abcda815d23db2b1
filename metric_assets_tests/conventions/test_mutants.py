from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from metric_assets_tests.conventions.files import ROOT
from metric_assets_tests.mutants.mutant import Mutant, PatchError, apply, check, read, read_all
from metric_assets_tests.mutants.page import PAGE, parse, render
from metric_assets_tests.mutants.refresh import refresh

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


def test_every_killer_exists() -> None:
    """Pytest finds each of the tests that have to fail, its parameters included."""
    killers = sorted({killer for mutant in MUTANTS for killer in mutant.killers})
    assert killers
    found = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-qq", "-p", "no:cacheprovider", *killers],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert found.returncode == 0, found.stdout + found.stderr


def test_the_page_has_a_row_for_every_mutant() -> None:
    """Each was run and killed; `python -m metric_assets_tests.mutants --only NAME` adds a row."""
    text = PAGE.read_text(encoding="utf-8")
    rows = parse(text)
    assert [(row.name, row.patch) for row in rows if row.killed] == [
        (mutant.name, mutant.patch.name) for mutant in MUTANTS
    ]
    assert render(rows) == text


def test_a_patch_follows_the_lines_around_its_change(tmp_path: Path) -> None:
    """Lines above were renamed and moved: the patch is written anew; where the line itself is gone or
    stands twice, that is said.
    """
    file = tmp_path / "some.py"
    patch = tmp_path / "one.patch"
    patch.write_text(
        "Name: one\nKilled-by: some.py::test\n\n--- a/some.py\n+++ b/some.py\n@@ -1,3 +1,3 @@\n"
        " old\n-    check()\n+    pass\n last\n"
    )
    file.write_text("more\nnew\n    check()\nlast\n")
    assert refresh(read(patch), tmp_path)
    assert not refresh(read(patch), tmp_path)
    apply(read(patch), tmp_path)
    assert file.read_text() == "more\nnew\n    pass\nlast\n"
    for count in (0, 2):
        file.write_text("other\n" + "    check()\n" * count)
        with pytest.raises(PatchError, match=rf"one\.patch: these lines occur {count} times"):
            refresh(read(patch), tmp_path)
