from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from metric_assets import connect
from metric_assets.catalog import CATALOG
from metric_assets.cli import main
from metric_assets.errors import SettingsError, UnavailableError
from metric_assets.local import stack
from metric_assets.operations.ranges import look_outside, write_grids
from metric_assets.ranges import Grid
from metric_assets.settings import Settings
from metric_assets_tests.documents import hold
from metric_assets_tests.fakes import FakeRows

pytestmark = pytest.mark.unit


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Calls the console script in an empty folder with nothing set."""
    monkeypatch.chdir(tmp_path)
    for name in [*os.environ]:
        if name.startswith(("METRIC_ASSETS_", "DAGSTER_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DAGSTER_DISABLE_TELEMETRY", "1")

    def call(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["metric-assets", *arguments])
        code: object = 0
        try:
            main()
        except SystemExit as exit_:
            code = exit_.code or 0
        captured = capsys.readouterr()
        assert isinstance(code, int)
        return Done(code, captured.out, captured.err)

    return call


def test_list_as_json(run: Run) -> None:
    """One document, a row a pair with everything derived from it; nothing else on stdout."""
    done = run("list", "--json")
    document = json.loads(done.out)
    hold("list", document)
    rows = document["pairs"]
    assert done.code == 0
    assert len(rows) >= 24
    assert len({row["pair"] for row in rows}) == len(rows)
    assert {row["store"] for row in rows} <= {"postgres", "clickhouse"}


def test_list_describes_a_pair(run: Run) -> None:
    """Tag/Follower as the reference catalog has it."""
    (row,) = json.loads(run("list", "Tag/Follower", "--json").out)["pairs"]
    assert row["pair"] == "Tag/Follower"
    assert row["store"] == "postgres"
    assert row["scan"] == "sql/tag/engaged.sql"
    assert row["sources"] == ["TagEngagement"]
    assert row["legacy"] == "TagMetric.followerCount"
    assert row["rule"] == "exact_modulo_staleness"
    assert "type" in row["where"]
    assert row["value"] == "1"


def test_a_dry_run_is_not_submitted(run: Run) -> None:
    """Wrong use, said before anything is asked of a store."""
    done = run("backfill", "Tag", "--submit", "--dry-run")
    assert done.code == 2
    assert "--submit with --dry-run" in done.err


def test_list_for_people(run: Run) -> None:
    """A table of the selection, with its number of pairs."""
    done = run("list", "Tag")
    assert done.code == 0
    assert "2 pairs" in done.out
    assert "Tag/Hidden" in done.out
    assert "Tag/Follower" in done.out
    assert "User/Follower" not in done.out


def test_show(run: Run) -> None:
    """Everything derived from a key: legacy, target, partitions, how to materialize it, the SQL."""
    done = run("show", "Tag/Follower")
    assert done.code == 0
    for line in (
        "TagMetric.followerCount",
        "entityMetricEvents",
        "20 ranges of 50,000 ids, up to 999,999",
        "every row where `type` is Follow; each counts 1",
        "metric-assets backfill Tag/Follower --range 0-49999",
        'FROM "TagEngagement" te',
    ):
        assert line in done.out
    assert "cutoff        not set" in done.out


def test_show_follows_the_settings(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cutoff, grid and target are those of the environment."""
    monkeypatch.setenv("METRIC_ASSETS_CUTOFF", "2025-10-01T00:00:00Z")
    monkeypatch.setenv("METRIC_ASSETS_TARGET_TABLE", "mine")
    monkeypatch.setenv("METRIC_ASSETS_RANGES", '{"Tag": {"size": 10, "stop": 30}}')
    done = run("show", "Tag/Follower")
    assert "2025-10-01T00:00:00+00:00" in done.out
    assert "mine" in done.out
    assert "3 ranges of 10 ids, up to 29" in done.out
    assert "--range 0-9\n" in done.out


@pytest.mark.parametrize("key", ["Tag/Follower", "Model/Download"])
def test_show_as_json(run: Run, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    """One document: the pair's row, its ranges, the statement as it stands and for a sample."""
    monkeypatch.setenv("METRIC_ASSETS_CUTOFF", "2025-10-01T00:00:00Z")
    document = json.loads(run("show", key, "--json").out)
    hold("show", document)
    assert document["pair"]["pair"] == key
    assert document["ranges"][0].startswith("0-")
    assert document["sample"] == run("show", key, "--sql").out


@pytest.mark.parametrize("key", ["Tag/Follower", "Model/Download"])
def test_show_sql_has_nothing_left_to_bind(run: Run, key: str) -> None:
    """Every placeholder has a value, and the statement ends with a semicolon: it can be pasted."""
    text = run("show", key, "--sql").out
    assert text.startswith("-- ")
    assert text.endswith(";\n")
    bare = "\n".join(text.splitlines()[1:])
    for placeholder in (":start", ":stop", ":until", "{start", "{stop", "{until", "{versions"):
        assert placeholder not in bare


def test_status_as_json(run: Run) -> None:
    """A row a server, whether it runs or not; the exit code says whether all do."""
    done = run("local", "status", "--json")
    document = json.loads(done.out)
    hold("local status", document)
    assert (done.code, [row["running"] for row in document["servers"]]) == (1, [False, False])


def test_settings_are_read_from_a_dotenv(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A .env in the folder fills in what the environment does not say, and no more."""
    monkeypatch.setenv("METRIC_ASSETS_TARGET_TABLE", "from_shell")
    # Registered, so that what the command sets is taken back.
    monkeypatch.setenv("METRIC_ASSETS_CUTOFF", "")
    monkeypatch.delenv("METRIC_ASSETS_CUTOFF")
    Path(".env").write_text(
        "METRIC_ASSETS_TARGET_TABLE=from_file\nMETRIC_ASSETS_CUTOFF='2024-05-01'\n"
    )
    done = run("show", "Tag/Follower")
    assert "from_shell" in done.out
    assert "2024-05-01T00:00:00+00:00" in done.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "Tag/Folower"], "metric-assets: Tag/Folower: not an entity or an entity/metric"),
        (["show", "Tag"], "metric-assets: Tag: is an entity; name one of its pairs"),
        (["list", "Nobody"], "metric-assets: Nobody: not an entity"),
        (["backfill", "Nobody"], "metric-assets: Nobody: not an entity"),
        (["backfill", "Tag", "--range", "9-0"], "metric-assets: range '9-0': its last id lies"),
        (["backfill", "Tag", "--range", "0,9"], "metric-assets: range '0,9': expected FIRST-LAST"),
        (["reconcile", "Nobody"], "metric-assets: Nobody: not an entity"),
        (["ranges", "Nobody"], "metric-assets: Nobody: not an entity; known: "),
        (["ranges", "Tag"], "metric-assets: METRIC_ASSETS_POSTGRES_URL: not set"),
        (["show"], "Missing argument 'KEY'"),
        (["list", "--yaml"], "No such option"),
        (["nonsense"], "No such command 'nonsense'"),
    ],
)
def test_wrong_use_exits_with_2(run: Run, arguments: list[str], said: str) -> None:
    """The message is on stderr and names what is wrong; stdout stays empty; no traceback."""
    done = run(*arguments)
    assert done.code == 2
    assert said in done.err
    assert done.out == ""
    assert "Traceback" not in done.err


@pytest.mark.promise(
    "Refused by name before anything is read.", when="any other setting is wrong", area="settings"
)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("METRIC_ASSETS_CUTOFF", "tomorrow"),
        ("METRIC_ASSETS_CUTOFFS", "{"),
        ("METRIC_ASSETS_RANGES", '{"Tag": 5}'),
        ("METRIC_ASSETS_MODE", "delete"),
        ("METRIC_ASSETS_TARGET_TABLE", "a.b"),
        ("METRIC_ASSETS_MAX_REMOVED_SHARE", "2"),
        ("METRIC_ASSETS_STATEMENT_TIMEOUT_SECONDS", "0"),
    ],
)
@pytest.mark.parametrize("command", [["show", "Tag/Follower"], ["backfill", "Tag"], ["ranges"]])
def test_a_bad_setting_exits_with_2(
    run: Run, monkeypatch: pytest.MonkeyPatch, command: list[str], name: str, value: str
) -> None:
    """Whatever command meets it first, the message begins with the variable."""
    monkeypatch.setenv(name, value)
    done = run(*command)
    assert done.code == 2
    assert done.err.startswith(f"metric-assets: {name}: ")
    assert done.out == ""


def source_with(monkeypatch: pytest.MonkeyPatch, highest: int) -> None:
    """Let commands find a source whose highest tag id is this."""
    rows = FakeRows(made={"Tag": {highest: False}})
    monkeypatch.setattr(connect, "Postgres", lambda *_, **__: rows)
    monkeypatch.setenv("METRIC_ASSETS_POSTGRES_URL", "postgresql://u:p@h/d")
    monkeypatch.setenv("METRIC_ASSETS_CUTOFF", "2025-10-01T00:00:00Z")


@pytest.mark.parametrize(("highest", "code"), [(999_999, 0), (1_000_000, 1)])
def test_ids_beyond_the_grid_exit_with_1(
    run: Run, monkeypatch: pytest.MonkeyPatch, highest: int, code: int
) -> None:
    """0 while every id lies in a partition, 1 as soon as one does not: shells rely on it."""
    source_with(monkeypatch, highest)
    done = run("ranges", "Tag", "--json")
    document = json.loads(done.out)
    hold("ranges", document)
    (row,) = document["entities"]
    assert (row["entity"], row["ranges"], row["last"]) == ("Tag", 20, 999_999)
    assert row["highest"] == highest
    assert row["status"] == ("differs" if code else "ok")
    assert bool(row["sentence"]) is bool(code)
    assert done.code == code


def test_sync_extends_the_grid(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The grid is written so that it ends with the partition of the highest id, size unchanged."""
    source_with(monkeypatch, 1_234_567)
    done = run("ranges", "Tag", "--sync", "--json")
    written = json.loads((tmp_path / ".metric_assets" / "ranges.json").read_text())
    assert written == {"Tag": {"size": 50_000, "stop": 1_250_000}}
    document = json.loads(done.out)
    hold("ranges", document)
    (row,) = document["entities"]
    assert (row["ranges"], row["last"], row["status"]) == (25, 1_249_999, "ok")
    assert done.code == 0


def test_what_a_sync_prints_is_the_same_grid_elsewhere(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The line that it prints, put into a shell without the file, gives the grid of the file.

    There the next sync has nothing to change, says the same and exits 0.
    """
    source_with(monkeypatch, 1_234_567)
    done = run("ranges", "Tag", "--sync")
    line = done.err.partition("METRIC_ASSETS_RANGES=")[2].splitlines()[0]
    (value,) = shlex.split(line)
    here = Settings.load()
    monkeypatch.setenv("METRIC_ASSETS_HOME", str(tmp_path / "container"))
    monkeypatch.setenv("METRIC_ASSETS_RANGES", value)
    assert Settings.load().grids == here.grids == {"Tag": Grid(50_000, 1_250_000)}
    again = run("ranges", "Tag", "--sync")
    assert again.code == 0
    assert line in again.err
    assert not (tmp_path / "container").exists()


def test_sync_sets_strays_apart(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An id far from the others has a cell of its own, and everything lies in a partition."""
    rows = FakeRows(made={"Tag": {-1: False, 5: False, 2**31 - 1: False}})
    monkeypatch.setattr(connect, "Postgres", lambda *_, **__: rows)
    monkeypatch.setenv("METRIC_ASSETS_POSTGRES_URL", "postgresql://u:p@h/d")
    monkeypatch.setenv("METRIC_ASSETS_CUTOFF", "2025-10-01T00:00:00Z")
    before = run("ranges", "Tag")
    assert before.code == 1
    assert "Tag: 2 ids made before the cutoff lie in no partition: -1, 2147483647" in before.err
    done = run("ranges", "Tag", "--sync", "--json")
    written = json.loads((tmp_path / ".metric_assets" / "ranges.json").read_text())
    assert written == {"Tag": {"size": 50_000, "stop": 50_000, "extra": [-50_000, 2_147_450_000]}}
    document = json.loads(done.out)
    hold("ranges", document)
    (row,) = document["entities"]
    assert row["extra"] == ["-50000--1", "2147450000-2147499999"]
    assert (row["ranges"], row["outside"], row["status"], done.code) == (3, 0, "ok", 0)
    assert run("ranges", "Tag").code == 0


def test_sync_says_what_belongs_into_the_environment(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the variable holds the grids, a file would not be read: the value is given instead."""
    source_with(monkeypatch, 1_234_567)
    monkeypatch.setenv("METRIC_ASSETS_RANGES", '{"User": {"size": 7, "stop": 70}}')
    done = run("ranges", "Tag", "--sync")
    assert done.code == 2
    given = done.err.partition("set it to ")[2].strip()
    assert json.loads(given) == {
        "Tag": {"size": 50_000, "stop": 1_250_000}, "User": {"size": 7, "stop": 70},
    }  # fmt: skip


def test_ids_that_nobody_could_look_for_are_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The load is done and shown by then: the reason is a sentence, and the command is not clean."""

    def gone(*_: object, **__: object) -> None:
        raise UnavailableError("Postgres is away")

    source_with(monkeypatch, 5)
    monkeypatch.setenv("METRIC_ASSETS_HOME", str(tmp_path))
    settings = Settings.load()
    found = look_outside([CATALOG.pairs["Tag/Hidden"]], settings, print)
    assert (found.found, found.sentences) == ((), [])
    monkeypatch.setattr(FakeRows, "frame", gone)
    found = look_outside([CATALOG.pairs["Tag/Hidden"]], settings, print)
    assert found.sentences == [
        "ids outside of partitions could not be looked for: Postgres is away"
    ]
    assert found.as_dict()["outside"] == []


def complete(run: Run, monkeypatch: pytest.MonkeyPatch, typed: str) -> list[str]:
    """What bash offers at the end of a line; the line ends with a blank where a word is complete."""
    words = ["metric-assets", *typed.split()]
    if typed.endswith(" "):
        words.append("")
    monkeypatch.setenv("_METRIC_ASSETS_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", " ".join(words[:-1] + ([words[-1]] if words[-1] else [])))
    monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
    done = run()
    return [line.partition(",")[2] for line in done.out.splitlines() if line]


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("backfill Ta", ["Tag", "Tag/Hidden", "Tag/Follower"]),
        ("backfill Tag/F", ["Tag/Follower"]),
        ("reconcile Tag Tag/", ["Tag/Hidden", "Tag/Follower"]),
        ("reconcile Tag/Follower Tag/", ["Tag/Hidden"]),
        ("list Collection/", ["Collection/Follower", "Collection/Contributor", "Collection/Item"]),
        ("show Tag/", ["Tag/Hidden", "Tag/Follower"]),
        ("ranges Us", ["User"]),
        ("backfill Tag --range 10", ["10-19"]),
        ("backfill Tag/Follower --range ", ["0-9", "10-19", "20-29"]),
        ("backfill --range ", []),
        ("backfill User --ra", ["--range"]),
    ],
)
def test_completion(
    run: Run, monkeypatch: pytest.MonkeyPatch, typed: str, offered: list[str]
) -> None:
    """A shell offers entity types, pairs and the ranges of what is selected, as the settings say."""
    monkeypatch.setenv("METRIC_ASSETS_RANGES", '{"Tag": {"size": 10, "stop": 30}}')
    assert complete(run, monkeypatch, typed) == offered


def test_completion_with_a_wrong_setting(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that is refused does not spill into the line that is typed."""
    monkeypatch.setenv("METRIC_ASSETS_RANGES", "nonsense")
    assert complete(run, monkeypatch, "show Tag/F") == ["Tag/Follower"]


def test_keys_of_ranges(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """One partition key a line, for scripts; no store is asked."""
    monkeypatch.setenv("METRIC_ASSETS_RANGES", '{"Tag": {"size": 10, "stop": 30, "extra": [-10]}}')
    assert run("ranges", "Tag", "--keys").out == "-10--1\n0-9\n10-19\n20-29\n"
    for wrong in (["ranges", "--keys"], ["ranges", "Tag", "User", "--keys"],
                  ["ranges", "Tag", "--keys", "--sync"]):  # fmt: skip
        assert run(*wrong).code == 2


def test_help_exits_with_0(run: Run) -> None:
    """--help lists every command of the design."""
    done = run("--help")
    assert done.code == 0
    for command in (
        "demo",
        "ui",
        "local",
        "doctor",
        "list",
        "show",
        "ranges",
        "backfill",
        "reconcile",
    ):
        assert f"  {command} " in done.out


@pytest.mark.parametrize(
    "arguments",
    [
        ("backfill", "Nobody"),
        ("reconcile", "Nobody"),
        ("list", "Nobody"),
        ("ranges", "Nobody"),
        ("show", "Nobody"),
        ("ranges", "Tag"),
        ("backfill", "Tag", "--nonsense"),
        ("doctor", "--nonsense"),
        ("local", "status", "--nonsense"),
    ],
)
def test_an_error_is_one_document_too(run: Run, arguments: tuple[str, ...]) -> None:
    """With --json an error is a document on stdout, with the exit code and the schema's version, and
    the same message on stderr.
    """
    done = run(*arguments, "--json")
    document = json.loads(done.out)
    hold(None, document)
    assert (document["schema_version"], document["ok"], document["exit_code"]) == (3, False, 2)
    assert done.code == 2
    assert document["error"] in done.err


def test_a_defect_is_one_line_and_a_file(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody expected exits 70 with one line; the traceback is in a file, without a secret."""

    def broken(*_: object) -> None:
        raise RuntimeError("boom geheim")

    monkeypatch.setenv("METRIC_ASSETS_POSTGRES_URL", "postgresql://u:geheim@h/d")
    monkeypatch.setattr("metric_assets.catalog.catalog.Catalog.select", broken)
    done = run("list", "--json")
    assert done.code == 70
    assert "Traceback" not in done.err
    line = "metric-assets: a defect of metric-assets: RuntimeError: boom ***. The traceback is in "
    assert done.err.startswith(line)
    file = Path(done.err.removeprefix(line).partition(": please")[0])
    assert "Traceback" in file.read_text()
    assert "geheim" not in file.read_text() + done.err + done.out
    assert json.loads(done.out)["exit_code"] == 70


@pytest.mark.parametrize(
    "arguments",
    [
        ("demo", "--port", "65536"),
        ("local", "up", "--port", "70000"),
        ("local", "up", "--postgres-tcp-port", "0"),
    ],
)
def test_a_port_that_cannot_be(run: Run, arguments: tuple[str, ...]) -> None:
    """Ports end at 65535; the message names the option."""
    done = run(*arguments)
    assert done.code == 2
    assert "is not in the range 1<=x<=65535" in done.err


def test_a_home_that_cannot_be_made(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The message names the variable and the folder."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("METRIC_ASSETS_HOME", str(tmp_path / "file" / "home"))
    done = run("local", "up")
    assert done.code == 2
    assert done.err.startswith(f"metric-assets: METRIC_ASSETS_HOME: {tmp_path}/file/home cannot be")
    assert "Traceback" not in done.err


@pytest.mark.parametrize("kind", ["folder", "bytes"])
@pytest.mark.parametrize("name", [".env", ".metric_assets/ranges.json"])
def test_a_file_that_cannot_be_read(run: Run, tmp_path: Path, name: str, kind: str) -> None:
    """A .env or ranges.json that is a folder or no text: its path and what is wrong, exit 2."""
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    if kind == "folder":
        file.mkdir()
    else:
        file.write_bytes(b"A=\xff\xfe")
    done = run("show", "Tag/Follower")
    assert done.code == 2
    assert done.err.startswith(f"metric-assets: {file}: cannot be read: ")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (None, "not set"),
        ("foo://x", "expected postgresql+psycopg2"),
        ("postgresql://u:geheim@127.0.0.1:1/d", "Dagster's storage does not answer"),
        ("postgresql://u:geh%im@h/d", "libpq cannot read it as a URL"),
    ],
)
def test_dagsters_storage_is_asked_before_dagster_is_started(
    run: Run, monkeypatch: pytest.MonkeyPatch, url: str | None, said: str
) -> None:
    """Unset, unreadable or down: one message that begins with the variable, exit 2."""
    monkeypatch.setattr("metric_assets.operations.backfill.stores_answer", lambda _: None)
    monkeypatch.setenv("METRIC_ASSETS_CUTOFF", "2025-10-01")
    monkeypatch.setenv("DAGSTER_HOME", "")
    if url:
        monkeypatch.setenv("METRIC_ASSETS_DAGSTER_POSTGRES_URL", url)
    done = run("backfill", "Tag")
    assert done.code == 2, done
    assert done.err.startswith("metric-assets: METRIC_ASSETS_DAGSTER_POSTGRES_URL: ")
    assert said in done.err
    assert "geheim" not in done.err
    assert "Traceback" not in done.err


def test_a_stack_that_is_down_is_named(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where the stores are the embedded ones of our home, the message says how to start them."""
    home = tmp_path / ".metric_assets"
    # Where its socket lies depends on how long the path of the home is.
    (url,) = [one.address for one in stack.status(home) if one.address.startswith("postgresql")]
    monkeypatch.setenv("METRIC_ASSETS_POSTGRES_URL", url)
    monkeypatch.setenv("METRIC_ASSETS_CUTOFF", "2025-10-01")
    done = run("ranges", "Tag")
    assert done.code == 2
    assert f"The embedded stack of {home} is not running: `metric-assets local up`" in done.err


def test_grids_that_cannot_be_written_are_one_message(tmp_path: Path) -> None:
    """The file is written whole or not at all, and a folder in its place is named."""
    settings = Settings(home=tmp_path)
    (tmp_path / "ranges.json").mkdir()
    with pytest.raises(SettingsError, match=r"ranges\.json cannot be written"):
        write_grids(settings, {"Tag": Grid(10, 30)})
    (tmp_path / "ranges.json").rmdir()
    write_grids(settings, {"Tag": Grid(10, 30)})
    assert [file.name for file in tmp_path.iterdir() if file.suffix == ".json"] == ["ranges.json"]


@pytest.mark.parametrize(
    "arguments",
    [("reconcile", "--repair"), ("reconcile", "Tag", "--repair", "--json"), ("undo", "x")],
)
def test_nothing_is_written_unasked(run: Run, arguments: tuple[str, ...]) -> None:
    """Where nobody can be asked and nobody said yes, it ends with 2 before anything is looked at."""
    done = run(*arguments)
    assert done.code == 2
    assert "asks before it writes" in done.err
    assert "--yes" in done.err
