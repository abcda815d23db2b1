from __future__ import annotations

import ast
import re

import pytest

from metric_assets_tests.conventions.files import ROOT, tree

pytestmark = pytest.mark.conventions

PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"\b(test_\w+)::(test_\w+)", PAGE)))


def test_the_page_names_tests() -> None:
    """The pattern that finds them has not gone blind."""
    assert len(NAMED) > 80


@pytest.mark.parametrize(("module", "test"), NAMED)
def test_every_promise_has_its_test(module: str, test: str) -> None:
    """A test that docs/reliability.md names beside a promise is there, under that name."""
    (file,) = (ROOT / "metric_assets_tests").rglob(f"{module}.py")
    names = {node.name for node in tree(file).body if isinstance(node, ast.FunctionDef)}
    assert test in names
