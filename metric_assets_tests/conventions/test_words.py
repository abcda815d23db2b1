"""The words of docs/reference/glossary.md are used everywhere: one word for one thing."""

from __future__ import annotations

import re

import pytest

from metric_assets_tests.conventions.files import ROOT

pytestmark = pytest.mark.conventions

#: What is not said any more, and the word that took its place. Not here, as they have an ordinary
#: meaning too: turn, unlike (a user's like), room (of a disk), floor (of a number).
REPLACED = {
    r"turnstiles?": "partition lock",
    r"(?<=\.)(?:enter|leave|hold)(?=\()": "partition lock: acquire, verify, release",
    r"fenc(?:e[ds]?|ing)": "clean up orphans",
    r"debris": "orphans, leftovers",
    r"doors?": "store, client",
    r"levell?ed|(?:is|are|was|were|not) level": "in sync",
    r"outlines?": "empty, differing",
    r"(?:un)?prov(?:e[dns]?|ing)|prooferrors?": "verify",
    r"receipts?": "load result",
    r"handovers?|hand(?:ed|ing|s)? (?:\w+ )?over": "attach, publish",
    r"mend(?:ed|ing|s)?": "repair, fix",
    r"errors? that pass(?:es)?": "transient error",
    r"upstairs|downstairs|houses?": "module, codebase, layer",
    r"catalogues?": "catalog",
}
_LEFT = re.compile(rf"(?<![a-z])(?:{'|'.join(REPLACED)})(?![a-z])", re.IGNORECASE)
_SUFFIXES = {".py", ".sql", ".md", ".patch", ".toml", ".yaml", ".yml"}
#: A column of Postgres.
_FOREIGN = "last_msg_receipt_time"
_HERE = {"CHANGELOG.md", "metric_assets_tests/conventions/test_words.py"}
FOLDERS = ("metric_assets", "metric_assets_tests", "sql", "deploy", "docs")


def test_replaced_words_are_gone() -> None:
    """Code, statements, pages and tests; the file, the line and the word to use are named."""
    files = [
        file
        for folder in FOLDERS
        for file in sorted((ROOT / folder).rglob("*"))
        if file.suffix in _SUFFIXES and file.relative_to(ROOT).as_posix() not in _HERE
    ]
    files += sorted(file for file in ROOT.glob("*.*") if file.suffix in _SUFFIXES)
    found = [
        f"{file.relative_to(ROOT)}:{number}: {word[0]}"
        for file in files
        if file.name not in _HERE
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        for word in _LEFT.finditer(line.replace(_FOREIGN, ""))
    ]
    assert found == []
