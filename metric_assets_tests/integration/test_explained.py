"""What `explain` says of differences in real engines: causes, samples, memory.

Belongs here: what is gathered and named of real tables. Does not belong here: hypotheses over frames
made by hand (unit/test_explain_below), or the whole confusion table (`make explained`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from metric_assets.audit.explain.case import Verified
from metric_assets.catalog import CATALOG
from metric_assets.cli.explain import tell
from metric_assets.examined import COLUMNS
from metric_assets.explanation import Cause
from metric_assets.load_result import LoadResult
from metric_assets.local.stack import Endpoints
from metric_assets.operations.explain import Explainer
from metric_assets.ranges import IdRange
from metric_assets.row_hash import row_hashes
from metric_assets_tests.documents import hold
from metric_assets_tests.explained.injections import INJECTIONS
from metric_assets_tests.explained.trials import MIXTURES, run
from metric_assets_tests.explained.world import KINDS, Records, World
from metric_assets_tests.integration.local_fixtures import own_folder
from metric_assets_tests.integration.platforms import CUTOFF, TARGET, Platform, load, stores_of

pytestmark = pytest.mark.integration

NAMES = [*INJECTIONS, *(" + ".join(mixture) for mixture in MIXTURES[:1])]
PAIR = CATALOG.pairs["Tag/Follower"]
IDS = IdRange(0, 1_000)


@pytest.mark.promise(
    "`explain` names the cause, or says that it is unknown; never a wrong one.",
    when="each cause of a difference, injected",
    area="counter",
)
@pytest.mark.parametrize("turn", range(len(KINDS)))
def test_each_cause_is_named(stack: Endpoints, template: str, turn: int) -> None:
    """Each cause once, over the kinds of pairs in turn; where all is well nothing is said."""
    kind = list(KINDS)[turn]
    wanted = [(name, 100 + place) for place, name in enumerate(NAMES) if place % len(KINDS) == turn]
    with own_folder() as home:
        trials = run(kind, wanted, stack, template, home)
    assert [one.sentence for one in trials if one.word == "wrong"] == []
    assert {one.name: one.named for one in trials} == {one.name: one.expected for one in trials}
    assert {one.name: one.detected for one in trials} == {
        one.name: bool(one.expected) for one in trials
    }


def follows(platform: Platform, entities: int = 30, each: int = 10) -> None:
    """Followers of tags from id 1 on, at times of their own."""
    platform.run(
        'INSERT INTO "TagEngagement" ("userId", "tagId", type, "createdAt")'
        f" SELECT 1000 + n, 1 + n % {entities}, 'Follow',"
        " timestamp '2024-02-01 00:00:00.123' + n * interval '61.017 seconds'"
        f" FROM generate_series(0, {entities * each - 1}) n"
    )


def held(platform: Platform) -> int:
    """The digest of what the target holds below the cutoff, by the rows."""
    rows = [(entity, user, value, at) for entity, user, _, value, at in platform.events()]
    frame = pl.DataFrame(
        rows, schema=["entityId", "userId", "value", "createdAt"], orient="row"
    ).with_columns(pl.col("createdAt").str.to_datetime(time_unit="ms", time_zone="UTC"))
    return int(row_hashes(frame.select(COLUMNS.names())).to_numpy().sum(dtype=np.uint64))


@pytest.mark.parametrize("memory_rows", [0, 50, 50_000])
def test_the_digest_is_that_of_the_rows(platform: Platform, memory_rows: int) -> None:
    """After a first load, of a load that changes little, and of dry runs: one number for the same
    rows, however they were compared.
    """
    platform.memory_rows = memory_rows
    follows(platform)

    def loaded(*, dry_run: bool = False) -> LoadResult:
        (result,) = load(platform, "Tag/Follower", dry_run=dry_run)
        return result

    first = loaded()
    assert first.digest == held(platform)
    assert loaded(dry_run=True).digest == first.digest
    platform.command(f"DELETE FROM {TARGET} WHERE entityId = 7 AND userId < 1100")
    lost = loaded(dry_run=True)
    assert lost.differs
    assert lost.digest == held(platform) != first.digest
    assert loaded().digest == first.digest == held(platform)
    assert lost.as_dict()["digest"] == f"{lost.digest:016x}"


@contextmanager
def explainer(platform: Platform, verified: LoadResult) -> Iterator[Explainer]:
    """What explains the pair, with a load on record."""
    records = Records({(PAIR, IDS): Verified(verified.digest, CUTOFF, verified.instant)})
    with own_folder() as home:
        world = World(platform, PAIR, home, [], platform.memory_rows, records)
        world.codes[IDS] = verified.code_version
        with world.explainer() as found:
            yield found


@pytest.mark.promise(
    "It is found by buckets, and only the rows of its entity are read.",
    when="one row lost of a large range",
    area="counter",
)
def test_one_lost_row_of_a_large_range_is_explained_in_little_memory(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More rows than are compared in memory: what is read of both sides is one entity's."""
    platform.memory_rows = 500
    follows(platform, entities=400)
    (first,) = load(platform, "Tag/Follower")
    platform.command(f"DELETE FROM {TARGET} WHERE entityId = 205 AND userId = 1604")
    read: list[int] = []
    frame = type(stores_of(platform).clickhouse).frame

    def counted(self: object, *arguments: object, **options: object) -> pl.DataFrame:
        found: pl.DataFrame = frame(self, *arguments, **options)  # type: ignore[arg-type]
        read.append(found.height)
        return found

    monkeypatch.setattr(type(stores_of(platform).clickhouse), "frame", counted)
    with explainer(platform, first) as explaining:
        verdict, explanation = explaining.source(PAIR, IDS)
    (finding,) = explanation.findings
    assert (finding.cause, finding.missing, finding.surplus) == (Cause.LOST, 1, 0)
    assert finding.worst == ((205, 1),)
    assert explanation.note == ""
    assert verdict.load_result.rows_read == 4_000
    # Fingerprints of 26 buckets, nine rows held and ten wanted.
    assert max(read) <= 26


def test_a_large_difference_is_explained_by_a_sample(platform: Platform) -> None:
    """Whole entities, as many as have so many rows together; the note says how many of how many."""
    platform.memory_rows = 100
    follows(platform)
    (first,) = load(platform, "Tag/Follower")
    platform.command(f"DELETE FROM {TARGET} WHERE userId < 1150")
    with explainer(platform, first) as explaining:
        explaining.most_rows = 100
        _, explanation = explaining.source(PAIR, IDS)
    (finding,) = explanation.findings
    assert finding.cause is Cause.LOST
    assert 1 <= finding.entities < 30
    assert finding.missing == 5 * finding.entities
    assert f"{finding.entities} of 30 entities" in explanation.note
    assert "150 events are missing" in explanation.note


def test_of_one_giant_entity_the_keys_that_differ_are_read(platform: Platform) -> None:
    """An entity with more rows than may be read: only users that differ are looked at."""
    platform.memory_rows = 10
    follows(platform, entities=1, each=400)
    (first,) = load(platform, "Tag/Follower")
    platform.command(f"DELETE FROM {TARGET} WHERE userId IN (1007, 1008)")
    with explainer(platform, first) as explaining:
        explaining.most_rows = 100
        _, explanation = explaining.source(PAIR, IDS)
    (finding,) = explanation.findings
    assert (finding.cause, finding.missing) == (Cause.LOST, 2)


def test_the_command_tells_rows_of_both_sides_and_the_cure(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """Without a record of an earlier check it says what it could be; the document has the same."""
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    follows(platform)
    load(platform, "Tag/Follower", IdRange(0, 50_000))
    settings = World(platform, PAIR, tmp_path, []).settings
    assert tell([PAIR], IdRange(0, 10), settings, as_json=False)
    assert "Nothing differs in 1 range." in capsys.readouterr().out
    platform.command(f"DELETE FROM {TARGET} WHERE entityId = 7 AND userId = 1006")
    assert not tell([PAIR], IdRange(0, 10), settings, as_json=False)
    said = capsys.readouterr().out
    assert "lost_block or added_at_source" in said
    assert "user 1006 +1" in said
    assert "metric-assets backfill Tag/Follower --range 0-49999" in said
    assert not tell([PAIR], IdRange(0, 10), settings, as_json=True)
    document = json.loads(capsys.readouterr().out)
    hold("explain", document)
    (explained,) = document["explained"]
    assert explained["source"]["causes"] == ["unknown"]
    (finding,) = explained["source"]["findings"]
    assert finding["candidates"] == ["lost_block", "added_at_source"]
    assert (finding["missing"], finding["surplus"]) == (1, 0)
    assert finding["samples"][0]["entityId"] == 7
