from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from pathlib import Path

import pytest
from pydantic import SecretStr

from metric_assets.errors import SettingsError
from metric_assets.orchestration.build import build_definitions
from metric_assets.ranges import Grid
from metric_assets.settings import Settings, dump_grids, names, page, parse_grids, store_url
from metric_assets.settings.values import expected

pytestmark = pytest.mark.unit

POSTGRES = "METRIC_ASSETS_POSTGRES_URL"
CLICKHOUSE = "METRIC_ASSETS_CLICKHOUSE_URL"


@pytest.fixture(autouse=True)
def _somewhere_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def utc(*parts: int) -> datetime:
    """An instant in UTC."""
    return datetime(*parts, tzinfo=timezone.utc)  # type: ignore[arg-type, misc]


def refused(variable: str, value: str) -> str:
    """The message of the refusal of a variable's value."""
    with pytest.raises(SettingsError) as refusal:
        Settings.load({variable: value})
    assert str(refusal.value).startswith(f"{variable}: ")
    return str(refusal.value)


def test_defaults(tmp_path: Path) -> None:
    """With nothing set: the documented table, mode, share and timeout, and no cutoff at all."""
    settings = Settings.load({})
    assert settings.home == tmp_path / ".metric_assets"
    assert settings.ranges_file == tmp_path / ".metric_assets" / "ranges.json"
    assert settings.target_table == "entityMetricEvents"
    assert settings.cutoff is None
    assert settings.cutoffs == {}
    assert settings.grids == {}
    assert settings.mode == "auto"
    assert settings.max_removed_share == 0.5
    assert settings.statement_timeout == 1800


def test_empty_means_not_set() -> None:
    """An empty variable, as shells and compose files leave behind, is the default."""
    names = ("TARGET_TABLE", "CUTOFF", "CUTOFFS", "RANGES", "MODE", "MAX_REMOVED_SHARE")
    empty = {f"METRIC_ASSETS_{name}": "" for name in names}
    empty |= {"METRIC_ASSETS_HOME": "", "METRIC_ASSETS_STATEMENT_TIMEOUT_SECONDS": ""}
    assert Settings.load(empty) == Settings.load({})


def test_every_variable_is_heard(tmp_path: Path) -> None:
    """What is set is what is used."""
    settings = Settings.load(
        {
            "METRIC_ASSETS_HOME": str(tmp_path / "elsewhere"),
            "METRIC_ASSETS_TARGET_TABLE": "events_2",
            "METRIC_ASSETS_CUTOFF": "2025-10-01T00:00:00Z",
            "METRIC_ASSETS_CUTOFFS": '{"User": "2025-09-01T12:30:00.250Z"}',
            "METRIC_ASSETS_RANGES": '{"Tag": {"size": 10, "stop": 95}}',
            "METRIC_ASSETS_MODE": "append",
            "METRIC_ASSETS_MAX_REMOVED_SHARE": "0.25",
            "METRIC_ASSETS_STATEMENT_TIMEOUT_SECONDS": "60",
            "METRIC_ASSETS_RECONCILE_CRON": "5 3 * * 1",
        }
    )
    assert settings == Settings(
        home=tmp_path / "elsewhere",
        target_table="events_2",
        cutoff=utc(2025, 10, 1),
        cutoffs={"User": utc(2025, 9, 1, 12, 30, 0, 250_000)},
        grids={"Tag": Grid(10, 95)},
        mode="append",
        max_removed_share=0.25,
        statement_timeout=60,
        reconcile_cron="5 3 * * 1",
    )


def test_all_that_is_wrong_is_said_at_once() -> None:
    """Several wrong settings are one refusal, a line each, that begins with the variable."""
    wrong = {
        "METRIC_ASSETS_MODE": "delete",
        "METRIC_ASSETS_CUTOFFS": '{"User": 5, "Tag": "soon"}',
        "METRIC_ASSETS_AUDIT_DAYS": "-1",
    }
    with pytest.raises(SettingsError) as refusal:
        Settings.load(wrong)
    assert [line.rpartition(": ")[0] for line in str(refusal.value).splitlines()] == [
        "METRIC_ASSETS_CUTOFFS: User",
        "METRIC_ASSETS_CUTOFFS: Tag: 'soon' is no instant; expected ISO 8601 in UTC",
        "METRIC_ASSETS_MODE",
        "METRIC_ASSETS_AUDIT_DAYS",
    ]


@pytest.mark.parametrize("name", ["mode", "MODE", "METRIC_ASSETS_mode", "metric_assets_mode"])
def test_only_whole_names_are_heard(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is nearly called like a setting is none; unknown ones are left alone."""
    monkeypatch.setenv(name, "append")
    monkeypatch.setenv("METRIC_ASSETS_UNKNOWN", "1")
    monkeypatch.delenv("METRIC_ASSETS_MODE", raising=False)
    assert Settings.load().mode == "auto"


def test_the_constructor_reads_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings built by name are what was named and defaults; .env in the folder is not read."""
    monkeypatch.setenv("METRIC_ASSETS_MODE", "append")
    Path(".env").write_text("METRIC_ASSETS_TARGET_TABLE=fromFile\n")
    assert Settings() == Settings.load({})
    assert Settings.load().mode == "append"
    assert Settings.load().target_table == "entityMetricEvents"


def test_secrets_are_never_shown() -> None:
    """Settings that are printed, dumped or refused do not show the stores' URLs."""
    environ = {
        POSTGRES: "postgresql://ada:s3cret@host/db",
        CLICKHOUSE: "http://ada:s3cret@host/db",
        "METRIC_ASSETS_DAGSTER_POSTGRES_URL": "postgresql://ada:s3cret@host/dagster",
    }
    settings = Settings.load(environ)
    assert settings.postgres_url is not None
    assert "cret@" not in f"{settings} {settings!r} {settings.model_dump_json()}"
    with pytest.raises(SettingsError) as refusal:
        Settings.load({**environ, "METRIC_ASSETS_MODE": "delete"})
    assert "cret@" not in str(refusal.value)


def test_a_relative_home_is_made_absolute(tmp_path: Path) -> None:
    """A home is one folder, whatever folder a process is in later."""
    assert Settings.load({"METRIC_ASSETS_HOME": "here"}).home == tmp_path / "here"


@pytest.mark.parametrize(
    "text",
    [
        "2025-10-01T00:00:00Z",
        "2025-10-01T00:00:00",
        "2025-10-01 00:00:00",
        "2025-10-01",
        "2025-10-01T00:00:00+00:00",
        "2025-10-01T02:00:00+02:00",
        "2025-09-30T19:30:00-04:30",
        "2025-10-01T00:00:00.000Z",
        "  2025-10-01T00:00:00Z\n",
    ],
)
def test_a_cutoff_is_an_instant_in_utc(text: str) -> None:
    """With Z, with an offset or without one, it is the same instant, carried in UTC."""
    cutoff = Settings.load({"METRIC_ASSETS_CUTOFF": text}).cutoff
    assert cutoff == utc(2025, 10, 1)
    assert cutoff is not None
    assert cutoff.utcoffset() == timezone.utc.utcoffset(None)


def test_a_cutoff_may_be_a_millisecond() -> None:
    """Milliseconds, the resolution of the target, are kept."""
    assert Settings.load({"METRIC_ASSETS_CUTOFF": "2025-10-01T00:00:00.123Z"}).cutoff == utc(
        2025, 10, 1, 0, 0, 0, 123_000
    )


@pytest.mark.promise(
    "Refused, naming the variable.", when="a cutoff finer than a millisecond", area="settings"
)
@pytest.mark.parametrize("text", ["2025-10-01T00:00:00.123456Z", "2025-10-01T00:00:00.000001"])
def test_a_cutoff_finer_than_a_millisecond_is_refused(text: str) -> None:
    """The target could not tell such an instant from its neighbours."""
    assert "finer than a millisecond" in refused("METRIC_ASSETS_CUTOFF", text)


@pytest.mark.promise(
    "Refused, naming the variable.", when="a cutoff that cannot be read", area="settings"
)
@pytest.mark.parametrize(
    "text", ["tomorrow", "1759276800", "01/10/2025", "2025-13-01", "2025-10-01T25:00:00Z", "Z"]
)
def test_what_is_no_instant_is_refused(text: str) -> None:
    """The message shows what was found and an example of what is expected."""
    message = refused("METRIC_ASSETS_CUTOFF", text)
    assert repr(text) in message
    assert "2025-10-01T00:00:00Z" in message


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00"])
def test_an_instant_outside_the_calendar_is_refused(text: str) -> None:
    """An offset that leads out of the years a date can have is a wrong setting, not a crash."""
    refused("METRIC_ASSETS_CUTOFF", text)


def test_the_cutoff_of_an_entity_wins() -> None:
    """CUTOFFS wins for its entity, CUTOFF stands for all others."""
    settings = Settings.load(
        {
            "METRIC_ASSETS_CUTOFF": "2025-10-01T00:00:00Z",
            "METRIC_ASSETS_CUTOFFS": '{"User": "2024-01-01T00:00:00+01:00"}',
        }
    )
    assert settings.cutoff_of("User") == utc(2023, 12, 31, 23)
    assert settings.cutoff_of("Tag") == utc(2025, 10, 1)


@pytest.mark.promise(
    "Refused, naming the variable.", when="no cutoff where one is needed", area="settings"
)
def test_no_cutoff_is_an_error_when_one_is_needed() -> None:
    """There is no default instant; the message names both variables, the entity and an example."""
    with pytest.raises(
        SettingsError, match=r"^METRIC_ASSETS_CUTOFF: not set.*METRIC_ASSETS_CUTOFFS"
    ):
        Settings.load({}).cutoff_of("User")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ("[]", "expected a JSON object, found list"),
        ('"2025-10-01"', "expected a JSON object, found str"),
        ("null", "expected a JSON object, found NoneType"),
        ('{"Nobody": "2025-10-01T00:00:00Z"}', "'Nobody' is not an entity type; known: User"),
        ('{"user": "2025-10-01T00:00:00Z"}', "'user' is not an entity type"),
        ('{"User": 5}', "User: expected a string, found 5"),
        ('{"User": null}', "User: expected a string, found None"),
        ('{"User": "soon"}', "User: 'soon' is no instant"),
        ('{"User": "2025-10-01T00:00:00.0005Z"}', "User: "),
    ],
)
def test_wrong_cutoffs_are_refused(text: str, said: str) -> None:
    """CUTOFFS is a JSON object from a known entity to an instant."""
    assert said in refused("METRIC_ASSETS_CUTOFFS", text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ("[]", "expected a JSON object, found list"),
        ("7", "expected a JSON object, found int"),
        ('{"Nobody": {"size": 1, "stop": 1}}', "'Nobody' is not an entity type; known: User"),
        ('{"Tag": []}', "Tag: expected"),
        ('{"Tag": 5}', "Tag: expected"),
        ('{"Tag": null}', "Tag: expected"),
        ('{"Tag": {}}', "Tag: expected"),
        ('{"Tag": {"size": 10}}', "Tag: expected"),
        ('{"Tag": {"size": 10, "stop": 20, "step": 1}}', "Tag: expected"),
        ('{"Tag": {"size": "10", "stop": 20}}', "Tag: expected"),
        ('{"Tag": {"size": 10.0, "stop": 20}}', "Tag: expected"),
        ('{"Tag": {"size": true, "stop": 20}}', "Tag: expected"),
        ('{"Tag": {"size": 10, "stop": null}}', "Tag: expected"),
        ('{"Tag": {"size": 0, "stop": 20}}', "Tag: grid size 0"),
        ('{"Tag": {"size": -10, "stop": 20}}', "Tag: grid size -10"),
        ('{"Tag": {"size": 10, "stop": 9223372036854775808}}', "Tag: grid size 10, stop 9223372"),
        ('{"Tag": {"size": 10, "extra": [20]}}', "Tag: expected"),
        ('{"Tag": {"size": 10, "stop": 20, "extra": 30}}', "Tag: expected"),
        ('{"Tag": {"size": 10, "stop": 20, "extra": null}}', "Tag: expected"),
        ('{"Tag": {"size": 10, "stop": 20, "extra": ["30"]}}', "Tag: expected"),
        ('{"Tag": {"size": 10, "stop": 20, "extra": [30.0]}}', "Tag: expected"),
        ('{"Tag": {"size": 10, "stop": 20, "extra": [true]}}', "Tag: expected"),
        ('{"Tag": {"size": 10, "stop": 20, "extra": [-5]}}', "Tag: grid size 10, extra -5: exp"),
        ('{"Tag": {"size": 1, "stop": 9223372036854775807, "extra": [-1]}}', "partitions; Dagster"),
        ('{"Tag": {"size": 1, "stop": 10000, "extra": [-1]}}', "Tag: 10001 partitions"),
    ],
)
def test_wrong_grids_are_refused(text: str, said: str) -> None:
    """RANGES is a JSON object from a known entity to whole size, stop and extra, no more."""
    assert said in refused("METRIC_ASSETS_RANGES", text)


def test_a_grid_may_have_further_cells() -> None:
    """extra are the first ids of cells apart, below 0 and beyond 32 bits; it may be empty."""
    text = '{"Tag": {"size": 10, "stop": 95, "extra": [3000000000, -10]}, "User": {"size": 7, "stop": 70, "extra": []}}'
    settings = Settings.load({"METRIC_ASSETS_RANGES": text})
    assert settings.grid_of("Tag") == Grid(10, 95, (-10, 3_000_000_000))
    assert settings.grid_of("User") == Grid(7, 70)


def test_grids_come_from_the_file_beside_the_instance() -> None:
    """Without RANGES the grids are those of ranges.json; entities it lacks keep the catalog's."""
    home = Path(".metric_assets")
    home.mkdir()
    (home / "ranges.json").write_text('{"Tag": {"size": 10, "stop": 95}}')
    settings = Settings.load({})
    assert settings.grid_of("Tag") == Grid(10, 95)
    assert settings.grid_of("User") == Grid(250_000, 14_000_000)


def test_the_variable_wins_over_the_file() -> None:
    """RANGES replaces ranges.json as a whole: no entity is taken from the file beside it."""
    home = Path(".metric_assets")
    home.mkdir()
    (home / "ranges.json").write_text('{"Tag": {"size": 10, "stop": 95}}')
    settings = Settings.load({"METRIC_ASSETS_RANGES": '{"User": {"size": 7, "stop": 70}}'})
    assert settings.grids == {"User": Grid(7, 70)}


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    """A file that cannot be understood is refused with its path."""
    home = Path(".metric_assets")
    home.mkdir()
    (home / "ranges.json").write_text("{")
    with pytest.raises(SettingsError) as refusal:
        Settings.load({})
    assert str(refusal.value).startswith(f"{tmp_path / '.metric_assets' / 'ranges.json'}: not JSON")


def test_grids_are_written_as_they_are_read() -> None:
    """The text of grids, sorted by entity, reads back as the same grids."""
    grids = {"User": Grid(7, 70), "Tag": Grid(10, 95, (-10, 3_000_000_000))}
    text = dump_grids(grids)
    assert json.loads(text) == {
        "Tag": {"size": 10, "stop": 95, "extra": [-10, 3_000_000_000]},
        "User": {"size": 7, "stop": 70},
    }
    assert text.index('"Tag"') < text.index('"User"')
    assert parse_grids("x", text) == grids


@pytest.mark.parametrize(
    "table", ["a.b", "a b", "`a`", "a;DROP", "1a", "a-b", "a'", "é", "a" * 129, " a"]
)
def test_a_table_name_is_plain(table: str) -> None:
    """Nothing that would need quoting is a target table; the database belongs to the URL."""
    assert "plain table name" in refused("METRIC_ASSETS_TARGET_TABLE", table)


@pytest.mark.parametrize("table", ["a", "_a", "entityMetricEvents_2", "a" * 128])
def test_plain_table_names_are_taken(table: str) -> None:
    """Letters, digits and underscores, up to 128 of them."""
    assert Settings.load({"METRIC_ASSETS_TARGET_TABLE": table}).target_table == table


@pytest.mark.parametrize("mode", ["auto", "replace", "append"])
def test_modes(mode: str) -> None:
    """All three modes can be chosen."""
    assert Settings.load({"METRIC_ASSETS_MODE": mode}).mode == mode


@pytest.mark.parametrize("mode", ["delete", "Append", "replace "])
def test_another_mode_is_refused(mode: str) -> None:
    """The message lists the modes there are."""
    assert "expected one of auto, replace, append" in refused("METRIC_ASSETS_MODE", mode)


@pytest.mark.parametrize(
    ("text", "share"), [("0", 0.0), ("1", 1.0), ("0.05", 0.05), ("5e-2", 0.05)]
)
def test_shares(text: str, share: float) -> None:
    """A share is a number from 0 to 1, both included."""
    settings = Settings.load({"METRIC_ASSETS_MAX_REMOVED_SHARE": text})
    assert settings.max_removed_share == share


@pytest.mark.parametrize("text", ["-0.1", "1.01", "50", "50%", "nan", "inf", "half"])
def test_another_share_is_refused(text: str) -> None:
    """Per cent, not-a-number and negative shares are refused with what is expected."""
    message = refused("METRIC_ASSETS_MAX_REMOVED_SHARE", text)
    assert "expected a number from 0 to 1" in message
    assert repr(text) in message


@pytest.mark.parametrize("text", ["0", "-1", "86401", "60.5", "1h", "nan"])
def test_another_timeout_is_refused(text: str) -> None:
    """A statement may run from a second to a day."""
    assert "expected a number from 1 to 86400, whole" in refused(
        "METRIC_ASSETS_STATEMENT_TIMEOUT_SECONDS", text
    )


@pytest.mark.parametrize("text", ["daily", "61 4 * * *", "* *"])
def test_another_cron_is_refused(text: str) -> None:
    """A schedule that cannot be understood is refused by the name of its variable."""
    settings = Settings.load({"METRIC_ASSETS_RECONCILE_CRON": text})
    with pytest.raises(SettingsError, match=r"^METRIC_ASSETS_RECONCILE_CRON: .*17 4"):
        build_definitions(settings)


@pytest.mark.parametrize("url", ["postgresql://u:p@h:5/d", "postgres:///d?host=/tmp/x"])
def test_a_good_url_is_returned_as_it_is(url: str) -> None:
    """A store's URL passes unchanged."""
    assert store_url(POSTGRES, url) == url
    assert store_url(POSTGRES, Settings.load({POSTGRES: url}).postgres_url) == url


@pytest.mark.parametrize("url", [None, "", SecretStr("")])
def test_a_missing_url_says_what_is_expected(url: SecretStr | str | None) -> None:
    """The message begins with the variable, shows the shape and names a first step."""
    with pytest.raises(SettingsError) as refusal:
        store_url(POSTGRES, url)
    assert str(refusal.value).startswith(f"{POSTGRES}: not set; expected postgresql://")
    assert "metric-assets local up" in str(refusal.value)


@pytest.mark.promise(
    "Refused without showing its password.", when="a URL that cannot be read", area="settings"
)
@pytest.mark.parametrize(
    "url",
    [
        "http://ada:s3cret@[host:8123/db",
        "http://ada:s3cret@host:port/db",
        "http://ada:s3cret@host:99999/db",
        "https://ada:s3cret@host:-1/db",
        "ftp://ada:s3cret@host/db",
        "clickhouse://ada:s3cret@host/db",
        "ada:s3cret@host:8123/db",
        "http//ada:s3cret@host/db",
        "://ada:s3cret@host",
        "http://ada:s3#cret@host:8123/db",
    ],
)
def test_a_broken_url_never_shows_its_password(url: str) -> None:
    """Whatever is wrong with a URL, the message names the variable and keeps the secret."""
    with pytest.raises(SettingsError) as refusal:
        store_url(CLICKHOUSE, Settings.load({CLICKHOUSE: url}).clickhouse_url)
    assert str(refusal.value).startswith(f"{CLICKHOUSE}: ")
    assert "cret" not in str(refusal.value)
    assert refusal.value.__cause__ is None
    assert refusal.value.__context__ is None or refusal.value.__suppress_context__


@pytest.mark.promise(
    "Refused: live events until then would count as surplus.",
    when="a cutoff in the future",
    area="settings",
)
def test_a_cutoff_in_the_future_is_refused() -> None:
    """Live events until then would be taken for surplus: the setting is named, nothing is planned."""
    settings = Settings.load(
        {
            "METRIC_ASSETS_CUTOFF": "2025-10-01",
            "METRIC_ASSETS_CUTOFFS": '{"Image": "2999-01-01T00:00:00Z"}',
        }
    )
    assert settings.cutoff_of("Tag").year == 2025
    with pytest.raises(SettingsError, match=r"^METRIC_ASSETS_CUTOFFS: Image: 2999.*future"):
        settings.cutoff_of("Image")
    alone = Settings.load({"METRIC_ASSETS_CUTOFF": "2999-01-01"})
    with pytest.raises(SettingsError, match=r"^METRIC_ASSETS_CUTOFF: 2999.*future"):
        alone.cutoff_of("Tag")


@pytest.mark.parametrize(
    ("name", "field", "default"),
    [
        ("METRIC_ASSETS_LIVE_LAG_SECONDS", "live_lag", 300.0),
        ("METRIC_ASSETS_CLOCK_SKEW_SECONDS", "clock_skew", 10.0),
        ("METRIC_ASSETS_AUDIT_DAYS", "audit_days", 7.0),
    ],
)
def test_how_far_live_events_are_trusted(
    name: str, field: str, default: float, tmp_path: Path
) -> None:
    """Each has a default, takes 0 and fractions, and refuses what is negative or no number."""
    home = {"METRIC_ASSETS_HOME": str(tmp_path)}
    assert getattr(Settings.load(home), field) == default
    for text, value in (("0", 0.0), ("2.5", 2.5)):
        assert getattr(Settings.load({**home, name: text}), field) == value
    for text in ("-1", "soon", "nan"):
        with pytest.raises(SettingsError, match=f"^{name}: '{text}', expected a number from 0 to"):
            Settings.load({**home, name: text})


PAGE = Path(__file__).parents[2] / "docs" / "reference" / "settings.md"


def test_the_page_is_what_the_fields_say() -> None:
    """docs/reference/settings.md is current; its first lines name the command that writes it again."""
    assert PAGE.read_text(encoding="utf-8") == page.page()


def test_every_variable_is_explained() -> None:
    """Each name has one field, with a description, a reason, and what values it takes; a section."""
    variables = {value for value in vars(names).values() if str(value).startswith("METRIC_ASSETS_")}
    fields = {str(field.validation_alias): field for field in Settings.model_fields.values()}
    assert set(fields) == variables
    text = PAGE.read_text(encoding="utf-8")
    for name, field in fields.items():
        assert field.description, name
        assert page.about(field)["reason"], name
        assert page.about(field).get("form") or expected(field), name
        assert text.count(f"\n## {name}\n") == 1


def test_every_link_of_the_page_resolves() -> None:
    """Descriptions name pages that exist, and no page is named for nothing."""
    text = PAGE.read_text(encoding="utf-8")
    used = set(re.findall(r"\]\[(\w+)\]", text.replace("\n", " ")))
    assert used == set(page.PAGES)
    assert [path for path in page.PAGES.values() if not (PAGE.parent / path).is_file()] == []
