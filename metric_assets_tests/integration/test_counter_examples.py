"""The counter equals the source: worked examples, on real engines.

Belongs here: one small history each, with the rows and sums that must come out, worked out by hand.
Does not belong here: random histories (test_engine_histories).
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from metric_assets.defaults import MEMORY_ROWS
from metric_assets.errors import BusyError, CutoffError
from metric_assets.live import LiveRules, Stream
from metric_assets.load.second_look import SecondLooks
from metric_assets.load_result import LoadResult
from metric_assets.ranges import IdRange
from metric_assets.source_state import Loaded, Position
from metric_assets.stores.ports import Scope
from metric_assets_tests.integration.platforms import CUTOFF, TARGET, Platform, load, stores_of

pytestmark = pytest.mark.integration

RULES = LiveRules(lag=1.0, skew=0.2)
BEFORE = "2024-01-01 00:00:00"
AFTER = "2025-11-01 00:00:00"
LAST_MS = "2025-09-30 23:59:59.999"


@pytest.fixture(autouse=True, params=[0, 2, MEMORY_ROWS], ids=["engine", "either", "memory"])
def _compared(platform: Platform, request: pytest.FixtureRequest) -> None:
    """Each history with its range compared in ClickHouse, in memory, and in memory until it holds
    more than two rows.
    """
    platform.memory_rows = request.param


def live(
    platform: Platform,
    user: int,
    value: int,
    at: datetime | str,
    entity: int = 1,
    pair: str = "Tag/Follower",
) -> None:
    """A live event, written by the platform."""
    kind, metric = pair.split("/")
    when = at if isinstance(at, str) else f"{at:%Y-%m-%d %H:%M:%S.%f}"[:23]
    platform.command(
        f"INSERT INTO {TARGET} VALUES ('{kind}', {entity}, {user}, '{metric}', {value}, '{when}')"
    )


def counter(platform: Platform, metric: str = "Follower", entity: int = 1) -> int:
    """What a reader sees."""
    found: int = platform.query(
        f"SELECT sum(metricValue) FROM {TARGET}"
        f" WHERE metricType = '{metric}' AND entityId = {entity}"
    )[0][0]
    return found


def follow(platform: Platform, *users: int, at: str = BEFORE, tag: int = 1) -> None:
    """Users follow a tag."""
    for user in users:
        platform.add("TagEngagement", userId=user, tagId=tag, type="Follow", createdAt=at)


def unfollow(platform: Platform, user: int, at: datetime | str | None = AFTER) -> None:
    """A user unfollows the tag, with a live event unless ``at`` is None."""
    platform.run(f'DELETE FROM "TagEngagement" WHERE "userId" = {user}')
    if at is not None:
        live(platform, user, -1, at)


def run(platform: Platform, key: str = "Tag/Follower", **options: Any) -> LoadResult:
    """One load of a pair, without a second look."""
    return load(platform, key, live=RULES, **options)[0]


def look_again(platform: Platform, looks: SecondLooks) -> list[LoadResult]:
    """The second looks of a run."""
    made = stores_of(platform)
    return looks.take(made.target, made.postgres)


def private_tables(platform: Platform) -> list[tuple[Any, ...]]:
    """What attempts have left."""
    return platform.query(
        "SELECT name FROM system.tables WHERE database = currentDatabase()"
        f" AND startsWith(name, '{TARGET}__')"
    )


@pytest.mark.promise(
    "The counter is right; a second load writes nothing.",
    when="users withdraw after the load",
    area="counter",
)
def test_ten_who_unfollow_after_the_load_change_nothing_below_the_cutoff(
    platform: Platform,
) -> None:
    """8,580 follows are loaded, ten unfollow with live -1: 8,570, and a second load writes nothing."""
    platform.run(
        'INSERT INTO "TagEngagement" ("userId", "tagId", type, "createdAt")'
        f" SELECT n, 1, 'Follow', '{BEFORE}' FROM generate_series(1, 8580) AS n"
    )
    assert run(platform).inserted == 8_580
    for user in range(1, 11):
        unfollow(platform, user)
    assert counter(platform) == 8_570
    again = run(platform)
    assert (again.inserted, again.removed, again.live.withdrawn) == (0, 0, 10)
    assert counter(platform) == 8_570


@pytest.mark.promise(
    "The counter is right; a second load writes nothing.",
    when="withdrawn between the cutoff and the first load",
    area="counter",
)
def test_withdrawn_between_cutoff_and_first_load(platform: Platform) -> None:
    """The row is gone, its -1 is there: an event of +1 is put just before the cutoff."""
    follow(platform, 1, 2)
    unfollow(platform, 1)
    first = run(platform)
    assert (first.inserted, first.live.withdrawn, first.live.overlap) == (2, 1, 0)
    assert platform.events("createdAt < '2025-10-01'") == [
        (1, 1, "Follower", 1, LAST_MS),
        (1, 2, "Follower", 1, f"{BEFORE}.000"),
    ]
    assert counter(platform) == 1
    again = run(platform)
    assert (again.inserted, again.removed, again.live.withdrawn) == (0, 0, 1)


@pytest.mark.promise("The counter is right.", when="toggled across the cutoff", area="counter")
def test_toggled_twice_across_the_cutoff(platform: Platform) -> None:
    """Followed before; after it unfollowed, followed, unfollowed and followed: the row is young."""
    for day, value in ((1, -1), (2, 1), (3, -1), (4, 1)):
        live(platform, 1, value, f"2025-11-0{day}")
    follow(platform, 1, at="2025-11-04 00:00:00")
    first = run(platform)
    assert (first.inserted, first.live.withdrawn) == (1, 1)
    assert counter(platform) == 1
    assert run(platform).inserted == 0


def test_a_row_just_before_the_cutoff_is_no_adjustment(platform: Platform) -> None:
    """Where adjustments lie, a millisecond before the cutoff, rows of the source lie as well: an
    unchanged load tells the adjustments only.
    """
    follow(platform, 1, 2, at=LAST_MS)
    live(platform, 1, 1, "2025-10-01 00:00:00.020")
    unfollow(platform, 3)
    for first in (True, False):
        told = run(platform)
        assert (told.live.withdrawn, told.live.overlap) == (1, 1)
        assert (told.wanted, told.inserted) == (2, 2 if first else 0)
    assert counter(platform) == 2


@pytest.mark.promise(
    "What live events count as well is taken off.",
    when="a tip grows after the cutoff",
    area="counter",
)
def test_a_tip_that_grew_after_the_cutoff(platform: Platform) -> None:
    """100 before it, 50 more after it, in the same row: 150, not 200."""
    platform.add("Article", id=1)
    platform.add(
        "BuzzTip", entityType="Article", entityId=1, fromUserId=7, amount=150, createdAt=BEFORE
    )
    live(platform, 7, 50, AFTER, pair="Article/TipAmount")
    first = run(platform, "Article/TipAmount")
    assert (first.live.overlap, first.live.withdrawn) == (50, 0)
    assert counter(platform, "TipAmount") == 150
    again = run(platform, "Article/TipAmount")
    assert (again.inserted, again.removed, again.live.overlap) == (0, 0, 50)


@pytest.mark.promise(
    "What live events count as well is taken off.",
    when="a thumb changes from up to down after the cutoff",
    area="counter",
)
def test_a_thumb_changed_from_up_to_down(platform: Platform) -> None:
    """The row of before the cutoff says down now; live events said -1 up and +1 down."""
    platform.add("Model", id=1, userId=5)
    platform.add("ModelVersion", id=1, modelId=1)
    platform.add(
        "ResourceReview",
        modelId=1,
        modelVersionId=1,
        userId=7,
        rating=1,
        recommended=False,
        exclude=False,
        tosViolation=False,
        createdAt=BEFORE,
    )
    live(platform, 7, -1, AFTER, pair="ModelVersion/ThumbsUp")
    live(platform, 7, 1, AFTER, pair="ModelVersion/ThumbsDown")
    keys = ["ModelVersion/ThumbsUp", "ModelVersion/ThumbsDown"]
    up, down = load(platform, keys, live=RULES)
    assert (up.live.withdrawn, up.live.overlap) == (1, 0)
    assert (down.live.withdrawn, down.live.overlap) == (0, 1)
    assert (counter(platform, "ThumbsUp"), counter(platform, "ThumbsDown")) == (0, 1)
    assert [(one.inserted, one.removed) for one in load(platform, keys, live=RULES)] == [(0, 0)] * 2


@pytest.mark.promise(
    "Its event is removed, and reported.",
    when="a source row is deleted without a live event",
    area="counter",
)
def test_a_row_deleted_without_any_live_event(platform: Platform) -> None:
    """What was held of it is removed, and told."""
    follow(platform, 1, 2)
    follow(platform, 3, at=AFTER)
    live(platform, 3, 1, AFTER)
    run(platform)
    unfollow(platform, 1, None)
    again = run(platform)
    assert (again.inserted, again.removed, again.live.gone_untold) == (0, 1, 1)
    assert counter(platform) == 2


@pytest.mark.promise(
    "What live events count as well is taken off.",
    when="clocks differ across the cutoff",
    area="counter",
)
def test_clocks_differ_across_the_cutoff(platform: Platform) -> None:
    """Created 5 ms before the cutoff, its live event is dated 20 ms after it: 1, not 2."""
    follow(platform, 1, at="2025-09-30 23:59:59.995")
    live(platform, 1, 1, "2025-10-01 00:00:00.020")
    first = run(platform)
    assert (first.live.overlap, first.live.drift) == (1, 0)
    assert counter(platform) == 1
    assert run(platform).inserted == 0


def test_a_row_in_the_last_millisecond_that_is_counted_live(platform: Platform) -> None:
    """Its adjustment has its time and its opposite value: neither is written, and figures agree."""
    follow(platform, 1, at=LAST_MS)
    follow(platform, *range(2, 6))
    live(platform, 1, 1, CUTOFF + timedelta(milliseconds=20))
    for inserted in (4, 0):
        load_result = run(platform)
        assert (load_result.wanted, load_result.inserted, load_result.removed) == (4, inserted, 0)
        assert load_result.present + load_result.inserted == load_result.events == 4
        assert (load_result.live.withdrawn, load_result.live.overlap) == (0, 1)
        assert counter(platform) == 5
        assert len(platform.events("createdAt < '2025-10-01'")) == 4


@pytest.mark.promise(
    "The next load takes it into account.",
    when="a live event arrives after the load",
    area="counter",
)
def test_a_live_event_that_arrives_after_the_load(platform: Platform) -> None:
    """Unfollowed before the load, its -1 arrives after it: the next load puts the +1 back."""
    follow(platform, 1, 2)
    follow(platform, 3, at=AFTER)
    live(platform, 3, 1, AFTER)
    run(platform)
    unfollow(platform, 1, None)
    assert run(platform).removed == 1
    live(platform, 1, -1, AFTER)
    assert counter(platform) == 1
    again = run(platform)
    assert (again.inserted, again.removed, again.live.withdrawn) == (1, 0, 1)
    assert counter(platform) == 2


@pytest.mark.promise(
    "The second look of the run takes it into account.",
    when="a live event arrives within the lag",
    area="counter",
)
@pytest.mark.parametrize("known", [True, False], ids=["held before", "first load"])
def test_the_second_look_finds_what_was_late(platform: Platform, known: bool) -> None:
    """Deleted a second before the snapshot; its -1 comes after the load, within the lag."""
    follow(platform, 1, 2)
    follow(platform, 3, at=AFTER)
    live(platform, 3, 1, AFTER)
    if known:
        run(platform)
    unfollow(platform, 1, None)
    now = datetime.now(timezone.utc)
    # A stream that runs: something recent has come in.
    follow(platform, 4, at=f"{now - timedelta(seconds=0.4):%Y-%m-%d %H:%M:%S.%f}"[:23])
    live(platform, 4, 1, now - timedelta(seconds=0.4))
    rules = LiveRules(lag=2.0, skew=0.2)
    looks = SecondLooks()
    (first,) = load(platform, "Tag/Follower", live=rules, looks=looks)
    assert first.instant is not None
    live(platform, 1, -1, first.instant - timedelta(seconds=1))
    (second,) = look_again(platform, looks)
    assert (second.live.withdrawn, second.live.gone_untold) == (1, 0)
    assert counter(platform) == 3
    assert private_tables(platform) == []
    assert run(platform).inserted == 0


def test_a_dry_run_looks_again_before_it_tells(platform: Platform) -> None:
    """What the first look of a dry run calls surplus is none once the late -1 has come."""
    follow(platform, 1, 2)
    follow(platform, 3, at=AFTER)
    live(platform, 3, 1, AFTER)
    run(platform)
    unfollow(platform, 1, None)
    looks = SecondLooks()
    (first,) = load(platform, "Tag/Follower", live=RULES, looks=looks, dry_run=True)
    assert (first.removed, first.differs) == (1, True)
    assert first.instant is not None
    live(platform, 1, -1, first.instant - timedelta(seconds=0.5))
    (second,) = look_again(platform, looks)
    assert (second.inserted, second.removed, second.differs) == (0, 0, False)
    assert (second.live.withdrawn, counter(platform)) == (1, 2)


def test_a_scope_that_was_loaded_in_between_is_left_alone(platform: Platform) -> None:
    """Whoever loads it takes what was kept away, and the second look finds nothing to do."""
    follow(platform, 1, 2)
    follow(platform, 3, at=AFTER)
    live(platform, 3, 1, AFTER)
    run(platform)
    unfollow(platform, 1, None)
    looks = SecondLooks()
    load(platform, "Tag/Follower", live=RULES, looks=looks)
    assert run(platform).cleaned_up != ()
    assert look_again(platform, looks) == []
    assert private_tables(platform) == []


def test_a_second_look_that_comes_too_late_takes_nothing_of_a_later_load(
    platform: Platform,
) -> None:
    """Two runs load a scope in turn and look again in turn: the first finds nothing to do, and what
    the other keeps stays, so that it finds the -1 that was late.
    """
    follow(platform, 1, 2)
    now = datetime.now(timezone.utc) - timedelta(seconds=0.4)
    follow(platform, 4, at=f"{now:%Y-%m-%d %H:%M:%S.%f}"[:23])
    live(platform, 4, 1, now)
    rules = LiveRules(lag=4.0, skew=0.2)
    former, later = SecondLooks(), SecondLooks()
    load(platform, "Tag/Follower", live=rules, looks=former)
    unfollow(platform, 1, None)
    (loaded,) = load(platform, "Tag/Follower", live=rules, looks=later)
    assert (len(former), len(later), loaded.instant is None) == (1, 1, False)
    assert look_again(platform, former) == []
    live(platform, 1, -1, now)
    (second,) = look_again(platform, later)
    assert (second.live.withdrawn, counter(platform)) == (1, 2)
    assert private_tables(platform) == []


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_second_look_forgets_nothing_that_agrees(platform: Platform, dry_run: bool) -> None:
    """Somebody withdrew before the first load, so that one event stands just before the cutoff; the
    next load finds it as it was, and looks again at another tag. It still tells of the one.
    """
    now = datetime.now(timezone.utc) - timedelta(seconds=0.4)
    follow(platform, 1, 2, tag=1)
    live(platform, 3, -1, AFTER, entity=1)
    follow(platform, 1, 2, tag=50)
    first = run(platform)
    assert (first.inserted, first.live.withdrawn) == (5, 1)
    follow(platform, 4, at=f"{now:%Y-%m-%d %H:%M:%S.%f}"[:23], tag=50)
    live(platform, 4, 1, now, entity=50)
    rules = LiveRules(lag=2.0, skew=0.2)
    looks = SecondLooks()
    (found,) = load(platform, "Tag/Follower", live=rules, looks=looks, dry_run=dry_run)
    for result in (found, *look_again(platform, looks)):
        assert (result.live.withdrawn, result.events, result.total) == (1, 5, 5)
    assert counter(platform, entity=1) == 2


def test_ranges_are_looked_at_together_and_one_that_is_busy_holds_up_no_other(
    platform: Platform,
) -> None:
    """Two ranges wait for their -1 under one lock; while another run is at the second of them, the
    first is still made right, and the second is as soon as it is free.
    """
    now = datetime.now(timezone.utc) - timedelta(seconds=0.4)
    ranges = [IdRange(0, 10), IdRange(10, 20)]
    for tag in (1, 11):
        follow(platform, 1, 2, tag=tag)
        follow(platform, 4, at=f"{now:%Y-%m-%d %H:%M:%S.%f}"[:23], tag=tag)
        live(platform, 4, 1, now, entity=tag)
    unfollow(platform, 1, None)
    looks = SecondLooks()
    for ids in ranges:
        load(platform, "Tag/Follower", ids, live=LiveRules(lag=4.0, skew=0.2), looks=looks)
    for tag in (1, 11):
        live(platform, 1, -1, now, entity=tag)
    with stores_of(platform).postgres.acquire(Scope("Tag", ("Follower",), ranges[1], CUTOFF)):
        with pytest.raises(BusyError, match="Tag/Follower/10-19: another run"):
            look_again(platform, looks)
        assert [counter(platform, entity=tag) for tag in (1, 11)] == [2, 1]
        assert {ids for _, ids in looks.pending} == {ranges[1]}
    (second,) = look_again(platform, looks)
    assert (second.ids, second.live.withdrawn) == (ranges[1], 1)
    assert [counter(platform, entity=tag) for tag in (1, 11)] == [2, 2]
    assert private_tables(platform) == []


def test_live_drift_is_told_with_its_hours_and_not_written(platform: Platform) -> None:
    """A lost +1 and a doubled +1 of two users, in two entities: nothing is written."""
    follow(platform, 1, 2)
    follow(platform, 3, at="2025-11-01 10:20:00")
    follow(platform, 4, at="2025-11-02 23:59:00", tag=2)
    for _ in range(2):
        live(platform, 4, 1, "2025-11-02 23:59:00", entity=2)
    first = run(platform)
    assert (first.inserted, first.live.live_missing, first.live.live_phantom) == (2, 1, 1)
    assert [(f"{one.hour:%d %H}", one.missing, one.phantom) for one in first.live.drift_hours] == [
        ("01 10", 1, 0),
        ("02 23", 0, 1),
    ]
    assert (first.drifts, first.verified) == (True, True)
    assert counter(platform) == 2


def test_healing_makes_counters_equal_and_a_replay_is_taken_back(platform: Platform) -> None:
    """A lost +1 is made up for; when it is replayed, the next load takes that away again."""
    follow(platform, 1)
    follow(platform, 2, at=AFTER)
    live(platform, 9, 1, "2025-12-01", entity=2)
    follow(platform, 9, at="2025-12-01", tag=2)
    heal = LiveRules(lag=1.0, skew=0.2, heal=True)
    (first,) = load(platform, "Tag/Follower", live=heal)
    assert (first.live.withdrawn, first.live.drift, counter(platform)) == (1, 0, 2)
    kept = run(platform)
    assert (kept.inserted, kept.removed, kept.live.drift, counter(platform)) == (0, 0, 0, 2)
    live(platform, 2, 1, AFTER)
    assert counter(platform) == 3
    run(platform)
    assert counter(platform) == 2


def test_a_row_and_its_event_under_different_users(platform: Platform) -> None:
    """The row is user 1's, its event user 0's: moved, no drift, nothing written."""
    follow(platform, 1, at=AFTER)
    live(platform, 0, 1, AFTER)
    first = run(platform)
    assert (first.live.moved, first.live.drift, first.inserted) == (1, 0, 0)


def test_a_stream_that_is_behind_changes_nothing_that_was_loaded(platform: Platform) -> None:
    """Rows are newer than the newest live event: what was loaded stays, and is not verified."""
    follow(platform, 1, 2)
    follow(platform, 3, at="2025-11-01")
    live(platform, 3, 1, "2025-11-01")
    assert run(platform).stream is Stream.LIVE
    unfollow(platform, 1, None)
    follow(platform, 4, at="2025-12-01")
    record = {"Follower": Loaded(Position(), CUTOFF)}
    again = run(platform, loaded=lambda: record)
    assert (again.inserted, again.removed, again.stream) == (0, 0, Stream.BEHIND)
    assert (again.verified, again.provisional, again.live.drift) == (False, False, 0)


def test_a_first_load_while_the_stream_is_behind_is_provisional(platform: Platform) -> None:
    """It is loaded, and said to be provisional."""
    follow(platform, 1, 2)
    live(platform, 3, 1, "2025-11-01")
    follow(platform, 3, at="2025-11-01")
    follow(platform, 4, at="2025-12-01")
    first = run(platform)
    assert (first.inserted, first.provisional, first.verified) == (2, True, False)


def test_a_pair_without_live_events_is_read_to_the_cutoff(platform: Platform) -> None:
    """No live stream: rows after the cutoff are not read."""
    follow(platform, 1)
    follow(platform, 2, at=AFTER)
    first = run(platform)
    assert (first.rows_read, first.inserted, first.stream) == (1, 1, Stream.NONE)


def test_an_earlier_cutoff_than_the_recorded_one_is_refused(platform: Platform) -> None:
    """With both cutoffs named, and nothing written."""
    follow(platform, 1)
    record = {"Follower": Loaded(Position(), CUTOFF + timedelta(days=1))}
    with pytest.raises(CutoffError, match=r"2025-10-01T00:00:00\+00:00 is earlier than 2025-10-02"):
        run(platform, loaded=lambda: record)
    assert platform.events() == []


def test_a_cutoff_is_not_moved_to_where_events_may_still_arrive(platform: Platform) -> None:
    """Moved to now, with a lag of an hour: refused."""
    follow(platform, 1)
    record = {"Follower": Loaded(Position(), CUTOFF)}
    rules = LiveRules(lag=3600.0)
    with pytest.raises(CutoffError, match="may still arrive"):
        load(
            platform,
            "Tag/Follower",
            cutoff=datetime.now(timezone.utc),
            live=rules,
            loaded=lambda: record,
        )
    assert platform.events() == []


def test_a_later_cutoff_replaces_live_events_by_the_sources_rows(platform: Platform) -> None:
    """A month of live events, one of them doubled, becomes backfilled rows: 2, and live ones stay."""
    follow(platform, 1)
    follow(platform, 2, at="2025-10-15 00:00:00")
    follow(platform, 3, at="2025-11-15 00:00:00")
    for _ in range(2):
        live(platform, 2, 1, "2025-10-15 00:00:00.100")
    live(platform, 3, 1, "2025-11-15 00:00:00.100")
    run(platform)
    assert counter(platform) == 4
    moved = datetime(2025, 11, 1, tzinfo=timezone.utc)
    record = {"Follower": Loaded(Position(), CUTOFF)}
    again = run(platform, cutoff=moved, loaded=lambda: record)
    assert (again.inserted, again.removed) == (1, 2)
    assert counter(platform) == 3
