from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from metric_assets.catalog import CATALOG, document
from metric_assets.catalog.catalog import Catalog
from metric_assets.catalog.model import CatalogError, Entity, Legacy, Pair, Rule
from metric_assets.catalog.scan import Scan, Store
from metric_assets.ranges import Grid
from metric_assets.sql import StatementError

pytestmark = pytest.mark.unit

LEGACY = Legacy("UserMetric.followerCount")


def pair(entity: str = "User", metric: str = "Follower", **more: object) -> Pair:
    """A pair that is fine, changed."""
    return Pair(entity, metric, "A description.", LEGACY, **more)  # type: ignore[arg-type]


def entity(name: str = "User", grid: Grid | None = None) -> Entity:
    """An entity that is fine, changed."""
    return Entity(name, "User", "userId", grid or Grid(10, 100), "Accounts.")


@pytest.mark.parametrize(
    "name", ["user", "", "User Metric", "User/Metric", "1User", "Usér", "User_"]
)
def test_an_entity_has_a_name_that_clickhouse_data_uses(name: str) -> None:
    """Letters and digits, capitalised: anything else is refused by its name."""
    with pytest.raises(CatalogError, match="an entity's name is letters and digits") as refusal:
        entity(name)
    assert str(refusal.value).startswith(f"{name}: ")


def test_an_entity_has_a_few_hundred_partitions_at_most() -> None:
    """400 partitions are taken, 401 refused with their number."""
    assert len(entity(grid=Grid(10, 4000)).grid) == 400
    with pytest.raises(CatalogError, match=r"^User: 401 partitions"):
        entity(grid=Grid(10, 4001))


@pytest.mark.parametrize("column", ["table", "legacy_id", "id", "created"])
def test_an_entity_names_its_table_and_columns(column: str) -> None:
    """A name that is empty is refused, with the entity's."""
    changes: dict[str, Any] = {column: ""}
    with pytest.raises(CatalogError, match=r"^User: a table and its columns have names"):
        replace(entity(), **changes)


def test_an_entity_knows_its_folder() -> None:
    """Its folder below sql/ is its name in lower case."""
    assert entity("BountyEntry").folder == "bountyentry"


@pytest.mark.parametrize("column", ["followerCount", "", "a.b.c"])
def test_a_legacy_column_is_table_and_column(column: str) -> None:
    """Anything but Table.column is refused."""
    with pytest.raises(CatalogError, match=r"expected Table\.column"):
        Legacy(column)


@pytest.mark.parametrize("column", [".followerCount", "UserMetric.", "."])
def test_neither_half_of_a_legacy_column_is_empty(column: str) -> None:
    """A dot alone names nothing."""
    with pytest.raises(CatalogError, match=r"expected Table\.column"):
        Legacy(column)


def test_a_legacy_column_has_two_names() -> None:
    """Table and field are the halves of the column."""
    assert (LEGACY.table, LEGACY.field) == ("UserMetric", "followerCount")


@pytest.mark.parametrize(
    "rule", [Rule.EVENTS_AT_LEAST_LEGACY, Rule.LEGACY_AT_LEAST_EVENTS, Rule.INFORMATIONAL]
)
def test_a_rule_that_is_not_exact_says_why(rule: Rule) -> None:
    """Without a gap it is refused, with one taken."""
    with pytest.raises(CatalogError, match=r"^T\.c: a gap is told where the rule is not exact"):
        Legacy("T.c", rule)
    assert Legacy("T.c", rule, gap="legacy is frozen").rule is rule


def test_an_exact_rule_has_no_excuse() -> None:
    """A gap beside the exact rule is refused."""
    with pytest.raises(CatalogError, match="only there"):
        Legacy("T.c", gap="legacy is frozen")


@pytest.mark.parametrize(
    ("rule", "tolerance"),
    [(Rule.TOLERANCE, 0.0), (Rule.TOLERANCE, -0.1), (Rule.INFORMATIONAL, 0.1)],
)
def test_the_tolerance_rule_and_a_tolerance_go_together(rule: Rule, tolerance: float) -> None:
    """One without the other is refused."""
    with pytest.raises(CatalogError, match="the tolerance rule and a tolerance go together"):
        Legacy("T.c", rule, "why", tolerance)


def test_an_exact_rule_has_no_tolerance() -> None:
    """Exact is exact."""
    with pytest.raises(CatalogError, match="go together"):
        Legacy("T.c", tolerance=0.1)


@pytest.mark.promise(
    "They cannot stand in the catalog.", when="hostile metric names", area="settings"
)
@pytest.mark.parametrize(("name", "metric"), [("user", "Follower"), ("User", "follower count")])
def test_a_pair_has_names_that_clickhouse_data_uses(name: str, metric: str) -> None:
    """The message begins with the key and shows the name that is wrong."""
    with pytest.raises(CatalogError, match=f"^{name}/{metric}: .* is not a name"):
        pair(name, metric)


def test_a_pair_has_a_description() -> None:
    """An empty one is refused."""
    with pytest.raises(CatalogError, match=r"^User/Follower: every pair has a description"):
        Pair("User", "Follower", "", LEGACY)


def test_a_pair_knows_what_it_needs() -> None:
    """The columns of its expressions, sorted, once each; none without expressions."""
    where = (pl.col("type") == "Follow") & pl.col("ok")
    assert pair(where=where, value=pl.col("amount") * pl.col("type")).needs == (
        "amount",
        "ok",
        "type",
    )
    assert pair().needs == ()
    assert pair().key == "User/Follower"


def test_a_scan_returns_what_its_pairs_need() -> None:
    """The columns of every event first, then the others, sorted, once each."""
    scan = Scan(
        "user/engaged",
        [pair(where=pl.col("type") == "a"), pair(metric="Hidden", value=pl.col("amount"))],
        ["UserEngagement"],
    )
    assert scan.columns == ("entityId", "userId", "createdAt", "amount", "type")
    assert scan.entity == "User"


def test_a_column_of_every_event_is_named_once() -> None:
    """A pair that looks at userId adds no column."""
    scan = Scan("user/engaged", [pair(where=pl.col("userId") != pl.col("entityId"))], ["T"])
    assert scan.columns == ("entityId", "userId", "createdAt")


@pytest.mark.parametrize(
    "name", ["user", "User/engaged", "user/engaged.sql", "user/a/b", "/engaged", ""]
)
def test_a_scan_is_named_folder_and_file(name: str) -> None:
    """Anything but folder/file in lower case is refused by its name."""
    with pytest.raises(CatalogError, match="a scan is named folder/file, lower case"):
        Scan(name, [pair()], ["T"])


@pytest.mark.parametrize(("pairs", "sources"), [([], ["T"]), ([pair()], [])])
def test_a_scan_has_pairs_and_sources(pairs: list[Pair], sources: list[str]) -> None:
    """A scan of nothing or for nobody is refused."""
    with pytest.raises(CatalogError, match=r"^user/engaged: a scan has at least one pair"):
        Scan("user/engaged", pairs, sources)


def test_a_scan_feeds_one_entity() -> None:
    """Two entities in one scan are refused by their names."""
    with pytest.raises(CatalogError, match=r"one entity a scan, found \['Tag', 'User'\]"):
        Scan("user/engaged", [pair(), pair("Tag")], ["T"])


def test_a_scan_lies_in_the_folder_of_its_entity() -> None:
    """Another folder is refused."""
    with pytest.raises(CatalogError, match=r"^tag/engaged: lies outside the folder of User"):
        Scan("tag/engaged", [pair()], ["T"])


def test_an_index_comes_with_the_cost_of_its_absence() -> None:
    """A proposal to change the source says what it is worth."""
    with pytest.raises(
        CatalogError, match=r"^user/engaged: an index to create comes with the cost"
    ):
        Scan("user/engaged", [pair()], ["T"], index="CREATE INDEX")


def test_the_mirror_of_versions_is_in_clickhouse() -> None:
    """A Postgres scan cannot ask for it."""
    with pytest.raises(
        CatalogError, match=r"^user/engaged: copies of dimensions are in ClickHouse"
    ):
        Scan("user/engaged", [pair()], ["T"], dimensions=["versions"])
    assert Scan(
        "user/engaged", [pair()], ["T"], store=Store.CLICKHOUSE, dimensions=["versions"]
    ).dimensions


def test_rows_do_not_change() -> None:
    """Entities, legacy rules, pairs and scans are frozen; a scan's lists become tuples."""
    scan = Scan("user/engaged", [pair()], ["T"])
    assert isinstance(scan.pairs, tuple)
    assert isinstance(scan.sources, tuple)
    for row, field in ((entity(), "name"), (LEGACY, "column"), (pair(), "metric"), (scan, "name")):
        with pytest.raises(AttributeError):
            setattr(row, field, "x")


def test_a_catalog_finds_its_rows() -> None:
    """By name and by key; a scan's text is looked for in the catalog's folder."""
    scan = Scan("user/engaged", [pair()], ["T"])
    made = Catalog([entity()], [scan], statements=Path("/nowhere"))
    assert made.entity == {"User": entity()}
    assert list(made.pairs) == [pair().key]
    assert made.scan[pair().key].folder == Path("/nowhere")
    with pytest.raises(StatementError, match=r"user/engaged\.sql: no such statement in /nowhere"):
        _ = made.scans[0].text


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: Catalog([entity(), entity()], []), "User: this entity is written down twice"),
        (
            lambda: Catalog(
                [entity()], [Scan("user/a", [pair()], ["T"]), Scan("user/b", [pair()], ["T"])]
            ),
            "{key}: this pair is written down twice",
        ),
        (
            lambda: Catalog([entity("Model")], [Scan("user/a", [pair()], ["T"])]),
            "user/a: User is not an entity of the catalog",
        ),
        (
            lambda: Catalog(
                [entity()],
                [Scan("user/a", [pair()], ["T"], store=Store.CLICKHOUSE, dimensions=["towns"])],
            ),
            "user/a: towns is not a dimension of the catalog; known: none",
        ),
    ],
    ids=["entity twice", "pair twice", "no such entity", "no such dimension"],
)
def test_rows_that_do_not_fit_together_are_refused(build: Callable[[], Catalog], said: str) -> None:
    """The message begins with the row."""
    with pytest.raises(CatalogError) as refused:
        build()
    assert str(refused.value) == said.format(key=pair().key)


def test_the_page_names_the_end_of_the_last_partition(monkeypatch: pytest.MonkeyPatch) -> None:
    """A grid whose stop lies inside a cell ends where that cell does, as every command says."""
    tag = replace(CATALOG.entity["Tag"], grid=Grid(10, 95))
    rows = [tag if row.name == "Tag" else row for row in CATALOG.entities]
    monkeypatch.setattr(document, "CATALOG", replace(CATALOG, entities=rows))
    assert tag.grid.end == 100
    assert "Default grid: 10 ranges of 10 ids, up to 99.\n" in document.document()
