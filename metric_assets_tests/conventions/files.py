"""Where the files are that the conventions read; no rule."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "metric_assets"
SQL = ROOT / "sql"
#: The page that every test of the files of an entity names.
HOW_TO = "docs/how-to/add-an-entity.md lists the files of an entity"
MODULES = sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    """A file as the repository names it."""
    return path.relative_to(ROOT).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    """A module, parsed."""
    return ast.parse(path.read_text(encoding="utf-8"))


def docstrings(path: Path) -> set[int]:
    """Identities of the nodes that are docstrings, of attributes too."""
    found = set()
    for node in ast.walk(tree(path)):
        body = getattr(node, "body", None)
        for one in body if isinstance(body, list) else []:
            if isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant):
                found.add(id(one.value))
    return found


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function of a module, nested ones too."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def fresh_interpreter(code: str, folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run code in a new process, in an empty folder, with none of our variables but those given."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("METRIC_ASSETS_", "DAGSTER_"))
    }
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**kept, "DAGSTER_DISABLE_TELEMETRY": "1", **environ},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
