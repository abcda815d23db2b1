from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import click
import pytest

from metric_assets.cli import cli, output_page
from metric_assets.cli.document import document
from metric_assets.cli.documents import DOCUMENTS
from metric_assets.cli.shape import CODES
from metric_assets.cli.shapes import ROWS
from metric_assets_tests.conventions.files import ROOT, SQL, name_of

pytestmark = pytest.mark.conventions

DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / ".github").rglob("*.md")])
SHELVES = ("tutorial", "how-to", "reference", "explanation")
#: The README is read in a minute.
README_LINES = 110

pages = pytest.mark.parametrize("page", PAGES, ids=name_of)


def _bare(text: str) -> str:
    """A page without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


def _links(page: Path) -> list[str]:
    """The links of a page that lead into the repository."""
    found = re.findall(r"\]\(([^)\s]+)\)", _bare(page.read_text(encoding="utf-8")))
    return [link for link in found if not re.match(r"[a-z]+:", link)]


def _anchors(page: Path) -> set[str]:
    """The places in a page that a link can name, as GitHub makes them of headings."""
    heads = re.findall(r"^#+ (.+)$", _bare(page.read_text(encoding="utf-8")), re.MULTILINE)
    plain = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", head).lower() for head in heads]
    return {re.sub(r"[^\w\- ]", "", head).replace(" ", "-") for head in plain}


def _broken(page: Path, link: str) -> bool:
    path, _, anchor = unquote(link).partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.exists() or not target.is_relative_to(ROOT.resolve()):
        return True
    return bool(anchor) and (target.suffix != ".md" or anchor not in _anchors(target))


@pages
def test_every_link_leads_somewhere(page: Path) -> None:
    """A relative link names a file or folder of the repository, its anchor a heading there."""
    assert [link for link in _links(page) if _broken(page, link)] == []


def test_every_page_that_is_named_exists() -> None:
    """Code, errors, SQL, tests and pages name documentation by its path from the top."""
    files = [
        *(ROOT / "metric_assets").rglob("*.py"),
        *(ROOT / "metric_assets_tests").rglob("*.py"),
        *SQL.rglob("*.sql"),
        *PAGES,
        ROOT / "Makefile",
        ROOT / "pyproject.toml",
    ]
    named = re.compile(r"\bdocs/[\w./-]+\.(?:md|py|svg|png)\b")
    missing = {
        f"{name_of(file)}: {name}"
        for file in files
        for name in named.findall(file.read_text(encoding="utf-8"))
        if not (ROOT / name).exists()
    }
    assert sorted(missing) == []


def test_the_index_lists_every_page() -> None:
    """A page that the index does not link is a page that nobody finds."""
    index = DOCS / "index.md"
    linked = {(index.parent / link.partition("#")[0]).resolve() for link in _links(index)}
    # Results are linked by the pages that they belong to.
    pages = {page.resolve() for page in DOCS.rglob("*.md") if "results" not in page.parts}
    known = pages - {index.resolve()}
    assert sorted(name_of(page) for page in known - linked) == []


def test_every_shelf_has_pages() -> None:
    """Learn, do, look up, understand: each has its folder."""
    assert [shelf for shelf in SHELVES if not list((DOCS / shelf).glob("*.md"))] == []


def test_every_page_lies_on_a_shelf() -> None:
    """Beside the index there are folders only: the shelves, and the results."""
    loose = [name_of(page) for page in DOCS.glob("*.md") if page.name != "index.md"]
    folders = {page.relative_to(DOCS).parts[0] for page in DOCS.rglob("*.md")} - {"index.md"}
    assert (loose, folders) == ([], {*SHELVES, "results"})


def test_the_command_line_page_is_current() -> None:
    """docs/reference/cli.md is what the commands say of themselves; its first line tells how to
    write it again.
    """
    page = DOCS / "reference" / "cli.md"
    assert page.read_text(encoding="utf-8") == document()


#: A command in running text or a block: up to the end of the code, the line, or what is piped on.
_COMMAND = re.compile(r"\bmetric-assets ((?:[a-z]+ )?[a-z]+\b[^`|\n#;&]*)")


def _unknown(text: str) -> str:
    """What of a command there is not; empty if all of it is."""
    command: click.Command = cli
    for word in text.replace(",", " ").split():
        if isinstance(command, click.Group):
            found = command.get_command(click.Context(command), re.sub(r"\W+$", "", word))
            if found is None:
                return word
            command = found
        elif word.startswith("--"):
            known = {name for one in command.params for name in one.opts} | {"--help"}
            if word.rstrip(".:)…") not in known:
                return word
    return ""


@pages
def test_every_command_exists(page: Path) -> None:
    """Commands and options that a page tells people to type are there."""
    # The history may name what is gone.
    text = "" if page.name == "CHANGELOG.md" else page.read_text(encoding="utf-8")
    commands = [found for found in _COMMAND.findall(text) if "|" not in found]
    assert {found: _unknown(found) for found in commands if _unknown(found)} == {}


@pages
def test_every_make_target_exists(page: Path) -> None:
    """`make …` in a page names a target of the Makefile."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([\w./$()-]+):", makefile, re.MULTILINE))
    targets |= {target.replace("$(VENV)", ".venv") for target in targets}
    text = page.read_text(encoding="utf-8")
    typed = r"(?:`|&& |^)make ([a-z./-]+)(?=`| *(?:#|&&|,|$))"
    named = set(re.findall(typed, text, re.MULTILINE))
    assert named - targets == set()


def test_the_page_of_documents_is_current() -> None:
    """docs/reference/output.md is written from the documents of --json."""
    assert (DOCS / "reference" / "output.md").read_text(encoding="utf-8") == output_page.page()


def _with_json(group: click.Group, name: str = "") -> set[str]:
    """The commands that take --json, as they are typed."""
    found = set()
    for key, command in group.commands.items():
        if isinstance(command, click.Group):
            found |= _with_json(command, f"{name}{key} ")
        elif any("--json" in one.opts for one in command.params):
            found.add(f"{name}{key}")
    return found


def test_every_document_is_described() -> None:
    """Each command with --json has its keys in cli/documents.py, and so in output.md; no other."""
    names = {re.sub(r" ([A-Z]+|--[a-z]+)$", "", name) for name in DOCUMENTS}
    assert names == _with_json(cli)


def test_every_type_is_known() -> None:
    """The types of keys are JSON's, codes or rows; each row and list of codes is used."""
    used = {
        name
        for shape in (*DOCUMENTS.values(), *ROWS.values())
        for key in shape.values()
        for name in re.findall(r"\w+", key.type)
    }
    plain = {"string", "integer", "number", "boolean", "instant", "any"}
    assert used - plain == set(ROWS) | set(CODES)
    assert not set(ROWS) & set(CODES)


def test_the_readme_is_short() -> None:
    """About a hundred lines; what is longer belongs on a shelf."""
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= README_LINES


def test_the_row_of_the_walk_through_is_clean(tmp_path: Path) -> None:
    """The row that docs/how-to/add-a-pair.md adds passes lint and format where it is put."""
    page = (DOCS / "how-to" / "add-a-pair.md").read_text(encoding="utf-8")
    row = page.partition("```python\n")[2].partition("```")[0]
    text = (ROOT / "metric_assets" / "catalog" / "posts.py").read_text(encoding="utf-8")
    head, mark, tail = text.partition('"post/reactions",')
    before, pairs, after = tail.partition("    pairs=(\n")
    assert row
    assert pairs
    changed = tmp_path / "posts.py"
    changed.write_text(f"{head}{mark}{before}{pairs}{row}{after}", encoding="utf-8")
    for command in (["check"], ["format", "--check"]):
        config = ["--config", str(ROOT / "pyproject.toml")]
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, *config, str(changed)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
