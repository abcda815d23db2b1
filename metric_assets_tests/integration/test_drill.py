"""The drill that ends the demo, on the demo's own stack: planted, found, explained, repaired, undone.

Belongs here: what becomes of the rows, by SQL of this module. Does not belong here: verdicts over
results that are wrong (unit/test_drill).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg
import pytest
from clickhouse_connect.driver.client import Client
from pydantic import SecretStr

from metric_assets import settings as names
from metric_assets.catalog import CATALOG
from metric_assets.catalog.model import Pair
from metric_assets.cli.backfill import Loaded
from metric_assets.cli.drill import Commands, after_drill
from metric_assets.cli.exits import Stopped
from metric_assets.errors import SettingsError
from metric_assets.local.demo_plan import DEMO_CUTOFF, DEMO_CUTOFFS
from metric_assets.local.demo_stores import clickhouse
from metric_assets.local.drill_ports import Changed
from metric_assets.local.planting import FAULTS, DemoTarget, Planted
from metric_assets.local.seed import seed
from metric_assets.local.stack import Endpoints
from metric_assets.operations.backfill import plan_work
from metric_assets.operations.listener import Results
from metric_assets.operations.pair_report import PairReport
from metric_assets.operations.report import report_loads
from metric_assets.orchestration.running import quiet_dagster, run_backfill
from metric_assets.ranges import Grid, IdRange
from metric_assets.settings import Settings

pytestmark = pytest.mark.integration

SCALE = 20_000
#: Bounties of a demo of that size, in two ranges.
GRID = Grid(18, 36)
PAIRS = [CATALOG.pairs[fault.pair] for fault in FAULTS]
LOST, OTHER_USER, LIVE = "Bounty/Favorite", "Bounty/Track", "Bounty/Benefactor"
CUTOFF, BEFORE = "2025-10-01 00:00:00.000", "2025-09-30 23:59:59.999"
Event = tuple[int, int, int, str]
Rows = dict[str, list[Event]]


@pytest.fixture(scope="module")
def settings(
    stack_home: Path, stack: Endpoints, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """The demo in the stack's own databases, which no other test uses; Dagster's home is new."""
    folder = tmp_path_factory.mktemp("dagster")
    (folder / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(names.POSTGRES_URL, stack.postgres_url)
        patch.setenv(names.CLICKHOUSE_URL, stack.clickhouse_url)
        patch.setenv("DAGSTER_HOME", str(folder))
        patch.setenv("DAGSTER_EVENT_BATCH_SIZE", "500")
        yield Settings(
            postgres_url=SecretStr(stack.postgres_url),
            clickhouse_url=SecretStr(stack.clickhouse_url),
            home=stack_home,
            cutoff=DEMO_CUTOFF,
            cutoffs=DEMO_CUTOFFS,
            grids={"Bounty": GRID},
            live_lag=0.2,
            clock_skew=0.1,
        )


@pytest.fixture(scope="module")
def client(stack: Endpoints) -> Iterator[Client]:
    """An ordinary client of the stack's ClickHouse."""
    with clickhouse(stack.clickhouse_url) as made:
        yield made


def load_anew(settings: Settings, stack: Endpoints) -> Loaded:
    """Seed and load, as every `demo` does; the pairs of the drill only."""
    seed(stack.postgres_url, stack.clickhouse_url, scale=SCALE)
    quiet_dagster()
    results = Results()
    outcomes = list(
        run_backfill(plan_work(PAIRS, None, settings), settings, results, verbose=False)
    )
    assert [one.failure for one in outcomes] == [""]
    return Loaded(report_loads(PAIRS, results, outcomes), [], "", True)


def events(client: Client) -> Rows:
    """Events of the pairs in the target: entity, user, value, time in UTC."""
    found: Rows = {pair.key: [] for pair in PAIRS}
    for metric, *row in client.query(
        "SELECT metricType, entityId, userId, metricValue,"
        " toString(toTimeZone(createdAt, 'UTC')) FROM entityMetricEvents"
        " WHERE entityType = 'Bounty' AND metricType IN ('Favorite', 'Track', 'Benefactor')"
    ).result_rows:
        found[f"Bounty/{metric}"].append(tuple(row))
    return {key: sorted(rows) for key, rows in found.items()}


class Watched(Commands):
    """The operations of the drill; keeps what the target held before each check, and after each
    change.
    """

    def __init__(self, settings: Settings, client: Client) -> None:
        super().__init__(settings)
        self.seen: dict[str, Rows] = {}
        self._client = client

    def check(self, pairs: Sequence[Pair]) -> list[PairReport]:
        self._keep("check")
        return super().check(pairs)

    def repair(self, reports: Sequence[PairReport]) -> Changed:
        return self._after("repair", super().repair(reports))

    def heal(self, pair: Pair, ids: IdRange) -> Changed:
        return self._after("heal", super().heal(pair, ids))

    def undo(self, run: str) -> Changed:
        return self._after("undo", super().undo(run))

    def _after(self, name: str, changed: Changed) -> Changed:
        self._keep(name)
        return changed

    def _keep(self, name: str) -> None:
        self.seen[f"last {name}" if name in self.seen else name] = events(self._client)


class Interrupted(Commands):
    """Somebody presses Ctrl-C while the damage is being looked for."""

    def check(self, pairs: Sequence[Pair]) -> list[PairReport]:
        raise KeyboardInterrupt(pairs)


@pytest.mark.promise(
    "Its drill finds, explains, repairs and undoes three faults, and ends with the rows of before.",
    when="the demo is shown, also after one that was interrupted",
    area="counter",
)
def test_the_drill(
    settings: Settings, stack: Endpoints, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    """What each step leaves, row by row; a demo that was interrupted while the target was damaged
    begins anew.
    """
    loaded = load_anew(settings, stack)
    whole = events(client)
    with pytest.raises(Stopped, match="may still be damaged"):
        after_drill(loaded, settings, Interrupted(settings))
    assert {pair: len(rows) for pair, rows in events(client).items()} == {
        LOST: len(whole[LOST]) - 40,
        OTHER_USER: len(whole[OTHER_USER]),
        LIVE: len(whole[LIVE]) - 5,
    }
    loaded = load_anew(settings, stack)
    assert events(client) == whole
    capsys.readouterr()

    commands = Watched(settings, client)
    after = after_drill(loaded, settings, commands)
    said = capsys.readouterr().out
    assert (after.clean, after.sentence) == (True, "All 3 counters equal their source.")
    seen = commands.seen
    assert list(seen) == ["check", "repair", "heal", "undo", "last repair", "last check"]
    damaged = seen["check"]
    _is_damaged(whole, damaged)
    assert seen["repair"] == {**whole, LIVE: damaged[LIVE]}
    made_up = _made_up(whole[LIVE], damaged[LIVE])
    assert seen["heal"] == {**whole, LIVE: made_up}
    assert seen["undo"] == {**damaged, LIVE: made_up}
    assert seen["last repair"] == seen["last check"] == events(client) == {**whole, LIVE: made_up}
    assert _benefactors(client) == _benefactors_of_source(stack)
    _is_readable(said)


def _is_damaged(whole: Rows, damaged: Rows) -> None:
    """40 backfilled events are gone, 12 have another user, 5 live events are gone."""
    lost = set(whole[LOST]) - set(damaged[LOST])
    assert (len(lost), len(whole[LOST]) - len(damaged[LOST])) == (40, 40)
    assert max(row[3] for row in lost) < CUTOFF
    changed = set(damaged[OTHER_USER]) - set(whole[OTHER_USER])
    assert len(changed) == 12
    back = {(entity, user - 1_000_000_000, value, at) for entity, user, value, at in changed}
    assert back == set(whole[OTHER_USER]) - set(damaged[OTHER_USER])
    live = set(whole[LIVE]) - set(damaged[LIVE])
    assert (len(live), len(whole[LIVE]) - len(damaged[LIVE])) == (5, 5)
    assert min(row[3] for row in live) >= CUTOFF


def _made_up(whole: list[Event], damaged: list[Event]) -> list[Event]:
    """What is held in place of live events that are lost: the same, a millisecond before the cutoff."""
    live = set(whole) - set(damaged)
    return sorted([*damaged, *((entity, user, value, BEFORE) for entity, user, value, _ in live)])


def _benefactors(client: Client) -> dict[int, int]:
    """The counter Bounty/Benefactor, of bounties that have any."""
    found = client.query(
        "SELECT entityId, sum(metricValue) FROM entityMetricEvents"
        " WHERE entityType = 'Bounty' AND metricType = 'Benefactor'"
        " GROUP BY 1 HAVING sum(metricValue) != 0"
    )
    return {int(entity): int(total) for entity, total in found.result_rows}


def _benefactors_of_source(stack: Endpoints) -> dict[int, int]:
    """The same by the source."""
    with psycopg.connect(stack.postgres_url) as connection:
        return dict(
            connection.execute(
                'SELECT "bountyId", count(*) FROM "BountyBenefactor" GROUP BY 1'
            ).fetchall()
        )


def _is_readable(said: str) -> None:
    """One screen of 80 columns; what is typed stays in one line; causes and cure are named."""
    lines = said.splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 50
    (ids,) = {line.split()[-2] for line in lines if line.endswith("--heal-live")}
    assert [line for line in lines if line.startswith("metric-assets ")] == [
        "metric-assets reconcile Bounty/Favorite Bounty/Track Bounty/Benefactor --source",
        *(f"metric-assets explain {line}" for line in _places(lines)),
        "metric-assets reconcile Bounty/Favorite Bounty/Track --repair --yes",
        f"metric-assets backfill Bounty/Benefactor --range {ids} --heal-live",
        next(line for line in lines if line.startswith("metric-assets undo ")),
        "metric-assets reconcile Bounty/Favorite Bounty/Track --repair --yes",
        "metric-assets reconcile Bounty/Favorite Bounty/Track Bounty/Benefactor --source",
    ]
    for word in ("lost block", "wrong user", "live events lost", "52 rows in, 12 out"):
        assert word in said


def _places(lines: list[str]) -> list[str]:
    """Pairs and ranges that are explained, by what was told of the damage."""
    told = [line.split() for line in lines if line.split()[:1] and "/" in line.split()[0]]
    return [f"{pair} --range {ids}" for pair, ids, *_ in told[:3]]


@pytest.mark.promise(
    "It is refused before a row is touched.",
    when="the demo's drill is held over any other target than the embedded stack's own",
    area="settings",
)
@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"clickhouse_url": SecretStr("http://default:@127.0.0.1:1/default")}, "CLICKHOUSE_URL"),
        ({"postgres_url": SecretStr("postgresql://u@127.0.0.1:1/platform")}, "POSTGRES_URL"),
        ({"target_table": "events"}, "TARGET_TABLE"),
        ({"home": Path("/nowhere")}, "is not running"),
    ],
    ids=["another ClickHouse", "another Postgres", "another table", "another home"],
)
def test_nothing_else_is_ever_damaged(
    settings: Settings, stack: Endpoints, other: dict[str, object], named: str
) -> None:
    """Whatever the settings differ in: nothing is chosen, written or even read there."""
    del stack
    target = DemoTarget(settings.model_copy(update=other))
    with pytest.raises(SettingsError, match=named):
        target.plant(Planted(FAULTS[0], CATALOG.pairs[LOST], IdRange(0, 10), ((1, 2),)))
    with pytest.raises(SettingsError, match=named):
        target.choose(FAULTS[0])
    with pytest.raises(SettingsError, match=named):
        target.held()
