"""Loading again: nothing twice, and exactly the difference after any damage.

Belongs here: what a second materialization does to a target that drifted, in both modes and in the
layouts that targets come in. Does not belong here: which events are right (test_known_answers).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import pytest

from metric_assets.errors import TargetError
from metric_assets.load_result import LoadResult
from metric_assets_tests.integration.platforms import (
    TARGET,
    Event,
    OpenStores,
    Platform,
    load,
    stores_of,
)

pytestmark = pytest.mark.integration

PAIRS = [f"Image/Reaction{kind}" for kind in ("Like", "Dislike", "Laugh", "Cry", "Heart")]
METRICS = ", ".join(f"'{key.split('/')[1]}'" for key in PAIRS)
CUTOFF = datetime(2025, 10, 1, tzinfo=timezone.utc)
#: The scope of the loads here: the only rows of the target that a load may touch.
SCOPE = (
    f"(entityType = 'Image' AND metricType IN ({METRICS}) AND entityId < 1000"
    " AND createdAt < toDateTime('2025-10-01 00:00:00', 'UTC'))"
)
#: Reactions of the source before the cutoff: 6,000 of 6,300.
WANTED = 6_000

#: 300 images, 6,300 reactions; the last 300 lie at the cutoff and after, every fifth is of a kind,
#: and no two look alike but for the millisecond.
SOURCE = """
INSERT INTO "Image" (id, url, "userId", "updatedAt")
SELECT n, '', 1, '2024-01-01' FROM generate_series(1, 300) AS n;
INSERT INTO "ImageReaction" (id, "imageId", "userId", reaction, "createdAt", "updatedAt")
SELECT n, 1 + n % 300, n,
       (ARRAY['Like', 'Dislike', 'Laugh', 'Cry', 'Heart'])[1 + n % 5]::"ReviewReactions",
       CASE WHEN n <= 6000 THEN TIMESTAMP '2024-01-01 00:00:00.123' + n * INTERVAL '1 hour 7 ms'
            ELSE TIMESTAMP '2025-10-01' + (n - 6001) * INTERVAL '1 ms' END,
       '2024-01-01'
FROM generate_series(1, 6300) AS n;
ANALYZE "Image", "ImageReaction";
"""
#: Events that are not ours: live ones from the cutoff on, and neighbours of the scope on each side.
BYSTANDERS = """
INSERT INTO {table} (entityType, entityId, userId, metricType, metricValue, createdAt) VALUES
    ('Image', 1, 7, 'ReactionLike', 1, '2025-10-01 00:00:00'),
    ('Image', 1, 7, 'ReactionLike', 1, '2025-10-01 00:00:00'),
    ('Image', 2, 8, 'ReactionHeart', 1, '2025-10-12 10:00:00'),
    ('Image', 1, 7, 'Comment', 1, '2024-05-01 00:00:00'),
    ('Image', 1000, 7, 'ReactionLike', 1, '2024-05-01 00:00:00'),
    ('Post', 1, 7, 'ReactionLike', 1, '2024-05-01 00:00:00')
"""


@dataclass(frozen=True)
class Loaded:
    """A platform whose target holds the scope and bystanders."""

    platform: Platform
    table: str
    bystanders: tuple[int, int]

    @property
    def through(self) -> OpenStores:
        """OpenStores that look at the target anew."""
        return stores_of(self.platform, table=self.table)

    def load(self, **options: Any) -> list[LoadResult]:
        """Load all pairs of the scope."""
        return load(self.platform, PAIRS, cutoff=CUTOFF, through=self.through, **options)

    def parts(self) -> list[str]:
        """Active parts of the target, by name: any write and any merge changes them."""
        found = self.platform.query(
            "SELECT name FROM system.parts WHERE database = currentDatabase()"
            f" AND table = '{self.table}' AND active ORDER BY name"
        )
        return [name for (name,) in found]

    def tables(self) -> list[str]:
        """Tables of the database: private ones must not stay."""
        return [name for (name,) in self.platform.query("SHOW TABLES")]

    def check(self, *, milliseconds: bool = True) -> None:
        """The scope holds what the source implies, row by row; bystanders are as they were."""
        assert self.found() == wanted(self.platform, milliseconds=milliseconds)
        self.check_bystanders()

    def found(self) -> Counter[Event]:
        """The scope as a multiset; less what is compensated, where nothing is deleted."""
        return Counter(self.platform.standing(SCOPE, table=self.table))

    def check_bystanders(self) -> None:
        """Live events and neighbours are as they were."""
        assert self.platform.checksum(f"NOT {SCOPE}", table=self.table) == self.bystanders


def wanted(platform: Platform, *, milliseconds: bool = True) -> Counter[Event]:
    """What the source implies, asked in SQL of our own."""
    fine = "HH24:MI:SS.MS" if milliseconds else "HH24:MI:SS.000"
    rows = platform.rows(
        """SELECT "imageId", "userId", 'Reaction' || reaction, 1,"""
        f""" to_char("createdAt", 'YYYY-MM-DD {fine}') FROM "ImageReaction" """
        """WHERE "createdAt" < '2025-10-01'"""
    )
    return Counter((image, user, metric, value, at) for image, user, metric, value, at in rows)


def prepare(platform: Platform, table: str = TARGET) -> Loaded:
    """Sources, bystanders, and a first load that must be right."""
    platform.run(SOURCE)
    platform.command(BYSTANDERS.format(table=table))
    made = Loaded(platform, table, platform.checksum(table=table))
    assert made.bystanders[0] == 6
    return made


@pytest.fixture
def loaded(platform: Platform) -> Loaded:
    """Our own layout, loaded once."""
    made = prepare(platform)
    assert written(made.load()) == (WANTED, 0)
    made.check()
    return made


def written(load_results: list[LoadResult]) -> tuple[int, int]:
    """Rows inserted and removed, by the load_results."""
    return sum(r.inserted for r in load_results), sum(r.removed for r in load_results)


def delete_by_hand(made: Loaded, rows: int) -> None:
    """Somebody deletes rows of the scope from the target."""
    # Replicated targets take no subquery in a DELETE.
    users = made.platform.query(
        f"SELECT userId FROM {made.table} WHERE {SCOPE} ORDER BY userId LIMIT {rows}"
    )
    chosen = ", ".join(str(user) for (user,) in users)
    made.platform.command(f"DELETE FROM {made.table} WHERE {SCOPE} AND userId IN ({chosen})")


def double_by_hand(made: Loaded, rows: int) -> None:
    """Somebody inserts rows of the scope once more."""
    made.platform.command(
        f"INSERT INTO {made.table} SELECT * FROM {made.table} WHERE {SCOPE}"
        f" ORDER BY userId DESC LIMIT {rows}"
    )


def test_a_second_load_writes_nothing(loaded: Loaded) -> None:
    """Nothing changed at the source: 0 inserted, 0 removed, and not one part of the target new."""
    parts = loaded.parts()
    load_results = loaded.load()
    assert written(load_results) == (0, 0)
    assert [(r.present, r.unchanged, r.wanted) for r in load_results] == [(1_200, 1_200, 1_200)] * 5
    assert loaded.parts() == parts
    loaded.check()


def test_a_row_deleted_at_the_source_leaves_the_target(loaded: Loaded) -> None:
    """One reaction withdrawn: exactly its event is removed."""
    loaded.platform.run('DELETE FROM "ImageReaction" WHERE id = 2500')
    load_results = loaded.load()
    assert written(load_results) == loaded.platform.changes(0, 1)
    assert sum(r.unchanged for r in load_results) == WANTED - int(loaded.platform.deletes)
    loaded.check()
    assert written(loaded.load()) == (0, 0)


def test_a_row_added_and_a_row_changed_at_the_source_arrive(loaded: Loaded) -> None:
    """A new reaction is inserted; one that changes its kind leaves one pair and enters another."""
    loaded.platform.add(
        "ImageReaction", imageId=3, userId=9_999, reaction="Cry", createdAt="2023-01-01"
    )
    loaded.platform.run("""UPDATE "ImageReaction" SET reaction = 'Heart' WHERE id = 5""")
    load_results = {r.pair.key: (r.inserted, r.removed) for r in loaded.load()}
    assert load_results == {
        "Image/ReactionLike": loaded.platform.changes(0, 1),
        "Image/ReactionDislike": (0, 0),
        "Image/ReactionLaugh": (0, 0),
        "Image/ReactionCry": (1, 0),
        "Image/ReactionHeart": (1, 0),
    }
    loaded.check()


def test_rows_deleted_from_the_target_come_back(loaded: Loaded) -> None:
    """A thousand events deleted by hand: a thousand are inserted, none is removed."""
    delete_by_hand(loaded, 1_000)
    assert loaded.found().total() == WANTED - 1_000
    assert written(loaded.load()) == (1_000, 0)
    loaded.check()


def test_rows_doubled_in_the_target_are_taken_away(loaded: Loaded) -> None:
    """A thousand events inserted twice by hand: a thousand are removed, none is inserted."""
    double_by_hand(loaded, 1_000)
    assert loaded.found().total() == WANTED + 1_000
    assert written(loaded.load()) == loaded.platform.changes(0, 1_000)
    loaded.check()


def test_missing_and_surplus_are_repaired_at_once(loaded: Loaded) -> None:
    """Deleted, doubled and withdrawn rows together: each is repaired once."""
    delete_by_hand(loaded, 700)
    double_by_hand(loaded, 500)
    loaded.platform.run('DELETE FROM "ImageReaction" WHERE id BETWEEN 3001 AND 3010')
    assert written(loaded.load()) == loaded.platform.changes(700, 510)
    loaded.check()


def test_events_made_up_in_the_target_are_taken_away(loaded: Loaded) -> None:
    """An event with another value, user or time than any of the source's does not stay."""
    loaded.platform.command(
        f"INSERT INTO {TARGET} VALUES"
        " ('Image', 5, 4, 'ReactionHeart', 2, '2024-01-01 04:00:00.151'),"
        " ('Image', 5, 4, 'ReactionHeart', 1, '2024-01-01 04:00:00.152'),"
        " ('Image', 999, 4, 'ReactionHeart', -1, '2024-01-01 04:00:00.151')"
    )
    assert written(loaded.load()) == loaded.platform.changes(0, 3)
    loaded.check()


def test_a_dry_run_tells_the_difference_and_writes_nothing(loaded: Loaded) -> None:
    """The load results say what would be written; target, parts and tables stay as they are."""
    delete_by_hand(loaded, 1_000)
    double_by_hand(loaded, 400)
    before = loaded.platform.checksum(), loaded.parts(), loaded.tables()
    assert written(loaded.load(dry_run=True)) == loaded.platform.changes(1_000, 400)
    assert (loaded.platform.checksum(), loaded.parts(), loaded.tables()) == before
    assert written(loaded.load()) == loaded.platform.changes(1_000, 400)
    loaded.check()


def test_a_dry_run_of_an_empty_scope_writes_nothing(platform: Platform) -> None:
    """Before the first load it tells all rows, and the target keeps bystanders only."""
    made = prepare(platform)
    tables = made.tables()
    assert written(made.load(dry_run=True)) == (WANTED, 0)
    assert platform.checksum() == made.bystanders
    assert made.tables() == tables


def test_no_private_table_stays(loaded: Loaded) -> None:
    """After loads that move, insert and remove, the database has the tables it had."""
    delete_by_hand(loaded, 10)
    double_by_hand(loaded, 10)
    loaded.load()
    assert not [name for name in loaded.tables() if name.startswith(f"{TARGET}__")]


#: Views that keep sums of the target's inserts, as the customer's readers do.
VIEWS = {
    "SummingMergeTree": (
        "CREATE TABLE sums (entityType String, entityId Int32, metricType String, total Int64)"
        " ENGINE = SummingMergeTree(total) ORDER BY (entityType, entityId, metricType)",
        "CREATE MATERIALIZED VIEW sums_mv TO sums AS SELECT entityType, entityId, metricType,"
        f" sum(toInt64(metricValue)) AS total FROM {TARGET} GROUP BY entityType, entityId, metricType",
        "sum(total)",
    ),
    "AggregatingMergeTree": (
        "CREATE TABLE sums (entityType String, entityId Int32, metricType String,"
        " total AggregateFunction(sum, Int64))"
        " ENGINE = AggregatingMergeTree ORDER BY (entityType, entityId, metricType)",
        "CREATE MATERIALIZED VIEW sums_mv TO sums AS SELECT entityType, entityId, metricType,"
        " sumState(toInt64(metricValue)) AS total"
        f" FROM {TARGET} GROUP BY entityType, entityId, metricType",
        "sumMerge(total)",
    ),
}


def check_view(made: Loaded, total: str) -> None:
    """The view's sums are those of the source plus the bystanders, and so are the target's."""
    expected: Counter[tuple[str, int, str]] = Counter(
        {
            ("Image", 1, "ReactionLike"): 2,
            ("Image", 2, "ReactionHeart"): 1,
            ("Image", 1, "Comment"): 1,
            ("Image", 1000, "ReactionLike"): 1,
            ("Post", 1, "ReactionLike"): 1,
        }
    )
    for image, _, metric, value, _ in wanted(made.platform).elements():
        expected["Image", image, metric] += value
    keys = "toString(entityType), entityId, toString(metricType)"
    for query in (
        f"SELECT {keys}, {total} FROM sums GROUP BY ALL",
        f"SELECT {keys}, sum(metricValue) FROM {TARGET} GROUP BY ALL",
    ):
        found = {(kind, id, metric): sum for kind, id, metric, sum in made.platform.query(query)}
        assert {key: sum for key, sum in found.items() if sum} == {
            key: sum for key, sum in expected.items() if sum
        }


@pytest.mark.promise(
    "View and target sum to the source after a load, a surplus, missing rows and a second run.",
    when="a summing view is attached",
    area="targets",
)
@pytest.mark.parametrize("engine", VIEWS)
def test_sums_of_a_view_are_right_after_every_load(platform: Platform, engine: str) -> None:
    """A target that a materialized view reads is only added to: after the load, after a surplus,
    after missing rows and after a second run both the view and the target sum to the source."""
    table, view, total = VIEWS[engine]
    platform.command(table)
    platform.command(view)
    made = prepare(platform)
    load_results = made.load()
    assert {r.mode for r in load_results} == {"append"}
    assert written(load_results) == (WANTED, 0)
    check_view(made, total)

    platform.run('DELETE FROM "ImageReaction" WHERE id BETWEEN 101 AND 150')
    assert written(made.load()) == (50, 0)  # 50 negations
    check_view(made, total)
    assert written(made.load()) == (0, 0)

    double_by_hand(made, 300)
    assert written(made.load()) == (300, 0)
    check_view(made, total)

    for user in (8_001, 8_002):
        platform.add(
            "ImageReaction", imageId=4, userId=user, reaction="Like", createdAt="2023-05-01"
        )
    assert written(made.load()) == (2, 0)
    check_view(made, total)

    # A reaction that was withdrawn comes back as it was.
    platform.add(
        "ImageReaction", id=150, imageId=151, userId=150, reaction="Like",
        createdAt="2024-01-07 06:00:01.173",
    )  # fmt: skip
    assert written(made.load()) == (1, 0)
    check_view(made, total)

    parts = made.parts()
    assert written(made.load()) == (0, 0)
    assert made.parts() == parts
    made.check_bystanders()


@pytest.mark.promise(
    "Refused with the reason; nothing is written.",
    when="replace mode on a target with a view",
    area="targets",
)
@pytest.mark.usefixtures("deletes")
def test_replace_is_refused_where_a_view_reads_the_target(platform: Platform) -> None:
    """Views see neither moves nor deletes: asked for replace, a load says so and writes nothing."""
    table, view, _ = VIEWS["SummingMergeTree"]
    platform.command(table)
    platform.command(view)
    made = prepare(platform)
    tables = made.tables()
    with pytest.raises(TargetError, match=r"replace.*sums_mv.*see neither moves nor deletes"):
        load(platform, PAIRS, cutoff=CUTOFF, through=stores_of(platform, mode="replace"))
    assert platform.checksum() == made.bystanders
    assert made.tables() == tables


#: Columns as the customer has them, and what follows them.
COLUMNS = (
    "entityType LowCardinality(String), entityId Int32, userId Int32,"
    " metricType LowCardinality(String), metricValue Int32, createdAt DateTime64(3)"
)
CUSTOMERS = "ENGINE = MergeTree ORDER BY (entityType, entityId, createdAt)"
OURS = (
    "ENGINE = MergeTree PARTITION BY entityType"
    " ORDER BY (entityType, metricType, entityId, createdAt)"
)
LAYOUTS = {
    "the customer's, unpartitioned": f"({COLUMNS}) {CUSTOMERS}",
    "the customer's, by month": f"({COLUMNS}) ENGINE = MergeTree"
    " PARTITION BY toYYYYMM(createdAt) ORDER BY (entityType, entityId, createdAt)",
    "ours": f"({COLUMNS}) {OURS}",
    "with a deduplication log": f"({COLUMNS}) {CUSTOMERS}"
    " SETTINGS non_replicated_deduplication_window = 1000",
    "ours with a deduplication log": f"({COLUMNS}) {OURS}"
    " SETTINGS non_replicated_deduplication_window = 1000",
    "whole seconds": f"({COLUMNS.replace('DateTime64(3)', 'DateTime')}) {CUSTOMERS}",
    "time zone named": "({}) {}".format(
        COLUMNS.replace("DateTime64(3)", "DateTime64(3, 'UTC')"), CUSTOMERS
    ),
    "wide integers": f"({COLUMNS.replace('Int32', 'Int64')}) {CUSTOMERS}",
    "plain strings": f"({COLUMNS.replace('LowCardinality(String)', 'String')}) {OURS}",
    "more columns, all with defaults": f"({COLUMNS}, ingestedAt DateTime DEFAULT now(),"
    f" origin LowCardinality(String) DEFAULT 'live', day Date MATERIALIZED toDate(createdAt)) {CUSTOMERS}",
}


@pytest.mark.promise(
    "Loaded; a second load writes nothing; repaired to the row.",
    when="unpartitioned, by month, our own layout; wider integers, plain strings, further columns with defaults",
    area="targets",
)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_loads_stays_and_is_repaired(platform: Platform, layout: str) -> None:
    """Loaded once, loaded again for nothing, repaired to the row."""
    platform.create(f"CREATE TABLE other {LAYOUTS[layout]}")
    made = prepare(platform, "other")
    fine = layout != "whole seconds"
    assert written(made.load()) == (WANTED, 0)
    made.check(milliseconds=fine)

    parts = made.parts()
    assert written(made.load()) == (0, 0)
    assert made.parts() == parts

    delete_by_hand(made, 600)
    double_by_hand(made, 400)
    assert made.found().total() == WANTED - 600 + 400
    assert written(made.load()) == platform.changes(600, 400)
    made.check(milliseconds=fine)


@pytest.mark.promise(
    "Rows that were deleted since come back.",
    when="a deduplication log has seen each block before",
    area="targets",
)
@pytest.mark.parametrize("layout", [name for name in LAYOUTS if "deduplication" in name])
def test_a_deduplication_log_loses_nothing(platform: Platform, layout: str) -> None:
    """The server has seen each block of these rows before; deleted since, they still come back."""
    platform.create(f"CREATE TABLE other {LAYOUTS[layout]}")
    made = prepare(platform, "other")
    made.load()
    for _ in range(2):
        delete_by_hand(made, 600)
        assert made.found().total() == WANTED - 600
        assert written(made.load()) == (600, 0)
        made.check()
    platform.command(f"DELETE FROM other WHERE {SCOPE}")
    assert made.found().total() == 0
    assert written(made.load()) == (WANTED, 0)
    made.check()


@pytest.mark.promise(
    "Whole seconds are loaded; a finer cutoff is refused.",
    when="`createdAt DateTime`",
    area="targets",
)
def test_whole_seconds_refuse_a_finer_cutoff(platform: Platform) -> None:
    """A target of whole seconds cannot tell events on both sides of a cutoff with milliseconds."""
    platform.create(f"CREATE TABLE other {LAYOUTS['whole seconds']}")
    made = prepare(platform, "other")
    finer = CUTOFF.replace(microsecond=44_000)
    with pytest.raises(TargetError, match="use a cutoff of a whole second"):
        load(platform, PAIRS, cutoff=finer, through=made.through)
    assert platform.checksum(table="other") == made.bystanders
