"""Patch files after the code around their change has moved or been renamed.

The lines that a hunk removes are looked for; where they stand once, the lines around them are taken
anew. Does not belong here: lines that are gone, which a person has to look at.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from metric_assets_tests.mutants.mutant import Mutant, PatchError, check


def refresh(mutant: Mutant, tree: Path) -> bool:
    """Write a patch anew if it does not apply to a tree; whether it was.

    Raises PatchError if the lines that it removes do not stand once in their file.
    """
    try:
        check(mutant, tree)
    except PatchError:
        pass
    else:
        return False
    header, _, body = mutant.patch.read_text(encoding="utf-8").partition("\n\n")
    mutant.patch.write_text(f"{header}\n\n{''.join(_files(mutant, body, tree))}", encoding="utf-8")
    check(mutant, tree)
    return True


def _files(mutant: Mutant, body: str, tree: Path) -> Iterator[str]:
    for part in body.split("--- a/")[1:]:
        file, *lines = part.splitlines()
        yield f"--- a/{file}\n+++ b/{file}\n"
        text = (tree / file).read_text(encoding="utf-8").splitlines()
        moved = 0
        for hunk in "\n".join(lines[1:]).split("@@ ")[1:]:
            changed = hunk.splitlines()[1:]
            written, moved = _hunk(mutant, file, changed, text, moved)
            yield written


def _hunk(
    mutant: Mutant, file: str, lines: list[str], text: list[str], moved: int
) -> tuple[str, int]:
    """A hunk with the lines around its change as they are now; by how much later lines have moved."""
    marks = [place for place, line in enumerate(lines) if line[:1] in {"-", "+"}]
    core = lines[marks[0] : marks[-1] + 1]
    before = [line[1:] for line in core if not line.startswith("+")]
    if not before:  # Lines are only added: the one above them says where.
        core = [lines[marks[0] - 1], *core]
        before = [core[0][1:]]
    found = [place for place in range(len(text)) if text[place : place + len(before)] == before]
    if len(found) != 1:
        raise PatchError(
            f"{mutant.patch.name}: these lines occur {len(found)} times in {file}, not once:\n"
            + "\n".join(before)
        )
    start, stop = max(found[0] - 1, 0), found[0] + len(before)
    end = stop + 1
    while end < len(text) and not text[end - 1].strip():
        end += 1
    above = [f" {line}" for line in text[start : found[0]]]
    below = [f" {line}" for line in text[stop:end]]
    whole = [*above, *core, *below]
    old = sum(not line.startswith("+") for line in whole)
    new = sum(not line.startswith("-") for line in whole)
    head = f"@@ -{start + 1},{old} +{start + 1 + moved},{new} @@"
    return "\n".join([head, *whole]) + "\n", moved + new - old
