"""Patch files of mutants, the page of their results, and the markers of promises: what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from metric_assets_tests.mutants.mutant import Mutant, PatchError, apply, check, read
from metric_assets_tests.mutants.page import Row, parse, render
from metric_assets_tests.promises import PromiseError
from metric_assets_tests.promises import read as read_promises

pytestmark = pytest.mark.unit

HEADER = "Name: unsafe\nKilled-by: tests/test_a.py::test_b\nLimit: 7\n"
DIFF = """
--- a/code.py
+++ b/code.py
@@ -2,3 +2,3 @@
 one
-safe
+unsafe
 two
"""


def patch(folder: Path, text: str) -> Mutant:
    """The mutant of a patch file with this text."""
    file = folder / "x.patch"
    file.write_text(text, encoding="utf-8")
    return read(file)


def test_a_patch_is_applied_where_its_lines_have_moved_to(tmp_path: Path) -> None:
    """Lines above it may come and go."""
    mutant = patch(tmp_path, HEADER + DIFF)
    assert (mutant.name, mutant.killers, mutant.limit) == (
        "unsafe",
        ("tests/test_a.py::test_b",),
        7,
    )
    assert mutant.files == ["code.py"]
    code = tmp_path / "code.py"
    code.write_text("0\n" * 9 + "one\nsafe\ntwo\n", encoding="utf-8")
    check(mutant, tmp_path)
    apply(mutant, tmp_path)
    assert code.read_text(encoding="utf-8") == "0\n" * 9 + "one\nunsafe\ntwo\n"


@pytest.mark.parametrize(
    ("code", "times"),
    [("one\nsafer\ntwo\n", 0), ("one\nsafe\ntwo\n" * 2, 2)],
    ids=["gone", "twice"],
)
def test_a_patch_fits_in_one_place(tmp_path: Path, code: str, times: int) -> None:
    """Applied to another place that looks the same it would take another check out."""
    mutant = patch(tmp_path, HEADER + DIFF)
    (tmp_path / "code.py").write_text(code, encoding="utf-8")
    with pytest.raises(PatchError, match=rf"x\.patch: these lines occur {times} times in code\.py"):
        check(mutant, tmp_path)


@pytest.mark.parametrize(
    "header",
    ["Name: x\n", "Killed-by: y\n", "Name: x\nName: x\nKilled-by: y\n", "Name: x\nKilled by: y\n"],
)
def test_a_header_is_whole(tmp_path: Path, header: str) -> None:
    """Without a name or a test, or with a field that nobody knows, the file is refused."""
    with pytest.raises(PatchError, match="the header needs a Name"):
        patch(tmp_path, header + DIFF)


def test_a_page_is_read_as_it_is_written() -> None:
    """Rows survive, sorted by their files; what was not killed is counted."""
    rows = [Row("b", "b.patch", "`test_x::test_y[1-|]`", 3, "2026-01-02"),
            Row("a", "a.patch", "**none: it survived**", 4, "2026-01-03")]  # fmt: skip
    page = render(rows)
    assert parse(page) == rows[::-1]
    assert "2 mutants, 1 not killed." in page


@pytest.mark.parametrize(
    ("marker", "said"),
    [
        ('"x", area="races"', "all literal"),
        ('f"{x}", when="y", area="races"', "all literal"),
        ('"x", when="y", area="nowhere"', "area, which is one of"),
        ('"x", when="y", area="races", more="z"', "area, which is one of"),
    ],
)
def test_a_promise_can_be_put_on_the_page(tmp_path: Path, marker: str, said: str) -> None:
    """A marker that the page could not show is refused, naming the test."""
    (tmp_path / "test_a.py").write_text(
        f"@pytest.mark.promise({marker})\ndef test_b():\n    ...\n", encoding="utf-8"
    )
    with pytest.raises(PromiseError, match=f"test_a.py::test_b: .*{said}"):
        list(read_promises(Path("test_a.py"), tmp_path))
