from __future__ import annotations

import pytest

from metric_assets_tests.conventions.files import ROOT
from metric_assets_tests.promises import PAGE, document

pytestmark = pytest.mark.conventions


def test_the_page_is_what_the_markers_say() -> None:
    """`python -m metric_assets_tests.promises` writes docs/results/promises.md again."""
    assert PAGE.read_text(encoding="utf-8") == document()


def test_prose_names_no_tests() -> None:
    """The generated page names tests: renaming one touches no prose of docs/explanation/reliability.md."""
    assert "test_" not in (ROOT / "docs" / "explanation" / "reliability.md").read_text(
        encoding="utf-8"
    )
