"""Known answers: a handful of rows in, the events they must give, worked out by hand.

Every case goes the whole way: rows into the real stores, ``materialize``, SELECT from the target.
Belongs here: one case for every rule of the catalog that changes a total. Does not belong here:
what happens when a range is loaded again (test_repair) or cut otherwise (test_any_grid).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import groupby

import pytest

from metric_assets.catalog import CATALOG
from metric_assets.errors import RejectedRowsError
from metric_assets.local.stack import Endpoints
from metric_assets.ranges import IdRange
from metric_assets_tests.integration.platforms import (
    CUTOFF,
    IDS,
    Event,
    Platform,
    load,
    open_platform,
)
from metric_assets_tests.integration.servers import Server

pytestmark = pytest.mark.integration

#: Instants as they are written into sources and as they must come back.
JAN = "2024-01-01 00:00:00.000"
FEB = "2024-02-01 00:00:00.000"
MAR = "2024-03-01 00:00:00.000"
APR = "2024-04-01 00:00:00.000"
MAY = "2024-05-01 00:00:00.000"
LAST = "2025-09-30 23:59:59.999"  # a millisecond before the cutoff
LIVE = "2025-10-01 00:00:00.000"  # the cutoff itself
NEVER = "1970-01-01 00:00:00.000"  # stands for no time at all

Row = tuple[str, dict[str, object]]


@pytest.fixture(scope="module")
def one_platform(stack: Endpoints, template: str, server: Server | None) -> Iterator[Platform]:
    """One platform for all cases: making two databases costs more than a case."""
    with open_platform(stack, template, server) as made:
        yield made


@pytest.fixture
def platform(one_platform: Platform) -> Iterator[Platform]:
    """The platform without rows or events."""
    yield one_platform
    one_platform.clear()


@dataclass(frozen=True)
class Case:
    """Rows, and per entity type all events that the pairs loaded must leave in the target."""

    rows: tuple[Row, ...]
    pairs: tuple[str, ...]
    events: dict[str, list[Event]]
    ids: IdRange = IDS
    cutoff: datetime = CUTOFF


def row(table: str, **values: object) -> Row:
    """A source row."""
    return table, values


def check(platform: Platform, case: Case) -> None:
    """Put the rows in, load the pairs scan by scan, compare the whole target."""
    for table, values in case.rows:
        platform.add(table, **values)
    for _, pairs in groupby(case.pairs, key=lambda pair: CATALOG.scan[pair].name):
        load(platform, list(pairs), case.ids, case.cutoff)
    found = {
        entity: platform.events(f"entityType = '{entity}'")
        for (entity,) in platform.query(
            "SELECT DISTINCT toString(entityType) FROM entityMetricEvents"
        )
    }
    assert found == {entity: sorted(events) for entity, events in case.events.items()}


def model(owner: int = 900, *, id: int = 1) -> Row:
    """A model of an owner who is nobody else in these cases."""
    return row("Model", id=id, userId=owner)


def version(id: int, *, of: int = 1, status: str = "Published") -> Row:
    """A version of a model."""
    return row("ModelVersion", id=id, modelId=of, status=status)


def review(version: int, user: int, at: str, *, of: int = 1, **more: object) -> Row:
    """A review of a version of a model: five stars and a thumb up, unless said otherwise."""
    values = {"modelVersionId": version, "modelId": of, "userId": user, "createdAt": at}
    return row("ResourceReview", **{**values, "rating": 5, "recommended": True, **more})


ENGAGEMENTS: dict[str, Case] = {
    "follows and hides are told apart, blocks are nobody's, a self-follow counts": Case(
        rows=(
            row("UserEngagement", userId=1, targetUserId=2, type="Follow", createdAt=JAN),
            row("UserEngagement", userId=3, targetUserId=2, type="Hide", createdAt=FEB),
            row("UserEngagement", userId=4, targetUserId=2, type="Block", createdAt=MAR),
            row("UserEngagement", userId=5, targetUserId=5, type="Follow", createdAt=APR),
        ),
        pairs=("User/Following", "User/Follower", "User/Hidden"),
        events={
            "User": [
                (1, 1, "Following", 1, JAN),
                (5, 5, "Following", 1, APR),
                (2, 1, "Follower", 1, JAN),
                (5, 5, "Follower", 1, APR),
                (2, 3, "Hidden", 1, FEB),
            ]
        },
    ),
    "tags are followed and hidden, Allow is nobody's": Case(
        rows=(
            row("TagEngagement", userId=1, tagId=7, type="Follow", createdAt=JAN),
            row("TagEngagement", userId=2, tagId=7, type="Hide", createdAt=FEB),
            row("TagEngagement", userId=3, tagId=7, type="Allow", createdAt=MAR),
        ),
        pairs=("Tag/Follower", "Tag/Hidden"),
        events={"Tag": [(7, 1, "Follower", 1, JAN), (7, 2, "Hidden", 1, FEB)]},
    ),
    "articles are hidden, their old favourites are nobody's": Case(
        rows=(
            row("Article", id=3),
            row("ArticleEngagement", userId=1, articleId=3, type="Hide", createdAt=JAN),
            row("ArticleEngagement", userId=2, articleId=3, type="Favorite", createdAt=FEB),
        ),
        pairs=("Article/Hide",),
        events={"Article": [(3, 1, "Hide", 1, JAN)]},
    ),
    "one user may favour and track the same bounty": Case(
        rows=(
            row("BountyEngagement", userId=1, bountyId=4, type="Favorite", createdAt=JAN),
            row("BountyEngagement", userId=1, bountyId=4, type="Track", createdAt=FEB),
        ),
        pairs=("Bounty/Favorite", "Bounty/Track"),
        events={"Bounty": [(4, 1, "Favorite", 1, JAN), (4, 1, "Track", 1, FEB)]},
    ),
    "who may view follows, who may add contributes, NULL permissions are both": Case(
        rows=tuple(
            row(
                "CollectionContributor",
                collectionId=8,
                userId=user,
                permissions=permissions,
                createdAt=JAN,
            )
            for user, permissions in (
                (1, None),
                (2, "{}"),
                (3, "{VIEW}"),
                (4, "{ADD}"),
                (5, "{VIEW,ADD}"),
                (6, "{MANAGE}"),
                (7, "{ADD_REVIEW}"),
            )
        ),
        pairs=("Collection/Follower", "Collection/Contributor"),
        events={
            "Collection": [
                (8, 1, "Follower", 1, JAN),
                (8, 3, "Follower", 1, JAN),
                (8, 5, "Follower", 1, JAN),
                (8, 1, "Contributor", 1, JAN),
                (8, 4, "Contributor", 1, JAN),
                (8, 5, "Contributor", 1, JAN),
            ]
        },
    ),
}

NULLS: dict[str, Case] = {
    "an item's time is createdAt, else updatedAt, else 1970; nobody added it: 0 or the owner": Case(
        rows=(
            row("Collection", id=50, userId=77, mode="Bookmark", type="Article"),
            row("Collection", id=51, userId=78, mode="Bookmark", type="Model"),
            row("Post", id=1),
            row("Image", id=2),
            row("Article", id=3),
            model(id=4),
            version(40, of=4),
            row(
                "CollectionItem",
                collectionId=50,
                postId=1,
                addedById=9,
                createdAt=None,
                updatedAt=JAN,
            ),
            row("CollectionItem", collectionId=50, imageId=2, createdAt=FEB, updatedAt=MAR),
            row("CollectionItem", collectionId=50, articleId=3, createdAt=None, updatedAt=None),
            row("CollectionItem", collectionId=51, modelId=4, createdAt=None, updatedAt=APR),
            row("CollectionItem", collectionId=52, modelId=4, addedById=6, createdAt=None),
        ),
        pairs=(
            "Post/Collection",
            "Image/Collection",
            "Article/Collection",
            "Article/Favorite",
            "Model/Collection",
            "Model/Favorite",
            "ModelVersion/Collection",
            "ModelVersion/Favorite",
            "Collection/Item",
        ),
        events={
            "Post": [(1, 9, "Collection", 1, JAN)],
            "Image": [(2, 0, "Collection", 1, FEB)],
            "Article": [(3, 0, "Collection", 1, NEVER), (3, 77, "Favorite", 1, NEVER)],
            "Model": [(4, 6, "Collection", 1, NEVER), (4, 78, "Favorite", 1, APR)],
            "ModelVersion": [(40, 6, "Collection", 1, NEVER), (40, 78, "Favorite", 1, APR)],
            "Collection": [
                (50, 9, "Item", 1, JAN),
                (50, 0, "Item", 1, FEB),
                (50, 0, "Item", 1, NEVER),
                (51, 0, "Item", 1, APR),
                (52, 6, "Item", 1, NEVER),
            ],
        },
    ),
    "a contributor's time is createdAt, else updatedAt, else 1970": Case(
        rows=(
            row("CollectionContributor", collectionId=1, userId=1, createdAt=None, updatedAt=JAN),
            row("CollectionContributor", collectionId=1, userId=2, createdAt=None, updatedAt=None),
            row("CollectionContributor", collectionId=1, userId=3, createdAt=FEB, updatedAt=LIVE),
            row("CollectionContributor", collectionId=1, userId=4, createdAt=None, updatedAt=LIVE),
        ),
        pairs=("Collection/Follower", "Collection/Contributor"),
        events={
            "Collection": [
                (1, 1, "Follower", 1, JAN),
                (1, 2, "Follower", 1, NEVER),
                (1, 3, "Follower", 1, FEB),
                (1, 1, "Contributor", 1, JAN),
                (1, 2, "Contributor", 1, NEVER),
                (1, 3, "Contributor", 1, FEB),
            ]
        },
    ),
    "an item updated after the cutoff and created before it counts; one never created does not": Case(
        rows=(
            row("CollectionItem", collectionId=1, addedById=1, createdAt=JAN, updatedAt=LIVE),
            row("CollectionItem", collectionId=1, addedById=2, createdAt=None, updatedAt=LIVE),
        ),
        pairs=("Collection/Item",),
        events={"Collection": [(1, 1, "Item", 1, JAN)]},
    ),
    "an entry of a deleted account is user 0's": Case(
        rows=(
            row("Bounty", id=1),
            row("BountyEntry", id=10, bountyId=1, userId=None, createdAt=JAN),
            row("BountyEntry", id=11, bountyId=1, userId=5, createdAt=FEB),
        ),
        pairs=("Bounty/Entry",),
        events={"Bounty": [(1, 0, "Entry", 1, JAN), (1, 5, "Entry", 1, FEB)]},
    ),
}

REVIEWS: dict[str, Case] = {
    "User/Review counts published versions only, and excluded and objectionable reviews too": Case(
        rows=(
            row("User", id=5),
            version(10),
            version(11, status="Draft"),
            version(12, status="Unpublished"),
            version(13, status="Deleted"),
            version(14),
            version(15),
            review(10, 5, JAN),
            review(11, 5, JAN),
            review(12, 5, JAN),
            review(13, 5, JAN),
            review(14, 5, FEB, exclude=True),
            review(15, 5, MAR, tosViolation=True),
            review(99, 5, JAN),  # of a version that is gone
        ),
        pairs=("User/Review",),
        events={
            "User": [
                (5, 5, "Review", 1, JAN),
                (5, 5, "Review", 1, FEB),
                (5, 5, "Review", 1, MAR),
            ]
        },
    ),
    "excluded and objectionable reviews give neither stars nor thumbs; unpublished versions do": Case(
        rows=(
            model(),
            version(10, status="Draft"),
            review(10, 5, JAN, rating=4),
            review(10, 6, JAN, exclude=True),
            review(10, 7, JAN, tosViolation=True),
            review(10, 8, FEB, rating=1, recommended=False),
            review(10, 9, FEB, recommended=False, exclude=True),
        ),
        pairs=(
            "Model/Rating",
            "Model/RatingCount",
            "Model/ThumbsUp",
            "Model/ThumbsDown",
            "ModelVersion/Rating",
            "ModelVersion/RatingCount",
            "ModelVersion/ThumbsUp",
            "ModelVersion/ThumbsDown",
        ),
        events={
            "Model": [
                (1, 5, "Rating", 4, JAN),
                (1, 8, "Rating", 1, FEB),
                (1, 5, "RatingCount", 1, JAN),
                (1, 8, "RatingCount", 1, FEB),
                (1, 5, "ThumbsUp", 1, JAN),
                (1, 8, "ThumbsDown", 1, FEB),
            ],
            "ModelVersion": [
                (10, 5, "Rating", 4, JAN),
                (10, 8, "Rating", 1, FEB),
                (10, 5, "RatingCount", 1, JAN),
                (10, 8, "RatingCount", 1, FEB),
                (10, 5, "ThumbsUp", 1, JAN),
                (10, 8, "ThumbsDown", 1, FEB),
            ],
        },
    ),
    "the owner's own review gives thumbs but no stars": Case(
        rows=(model(owner=5), version(10), review(10, 5, JAN)),
        pairs=(
            "Model/Rating",
            "Model/RatingCount",
            "Model/ThumbsUp",
            "ModelVersion/Rating",
            "ModelVersion/RatingCount",
            "ModelVersion/ThumbsUp",
        ),
        events={
            "Model": [(1, 5, "ThumbsUp", 1, JAN)],
            "ModelVersion": [(10, 5, "ThumbsUp", 1, JAN)],
        },
    ),
    "two versions reviewed by one user: two ratings, one thumb a model, dated by the first": Case(
        # The younger review has the smaller id: ids are not in the order of time.
        rows=(
            model(),
            version(10),
            version(11),
            review(10, 5, MAR, id=1, rating=3),
            review(11, 5, JAN, id=2, rating=5),
        ),
        pairs=("Model/Rating", "Model/RatingCount", "Model/ThumbsUp", "ModelVersion/ThumbsUp"),
        events={
            "Model": [
                (1, 5, "Rating", 3, MAR),
                (1, 5, "Rating", 5, JAN),
                (1, 5, "RatingCount", 1, MAR),
                (1, 5, "RatingCount", 1, JAN),
                (1, 5, "ThumbsUp", 1, JAN),
            ],
            "ModelVersion": [(10, 5, "ThumbsUp", 1, MAR), (11, 5, "ThumbsUp", 1, JAN)],
        },
    ),
    "one user may be for one version and against another": Case(
        rows=(
            model(),
            version(10),
            version(11),
            review(10, 5, JAN),
            review(11, 5, FEB, recommended=False),
        ),
        pairs=("Model/ThumbsUp", "Model/ThumbsDown"),
        events={"Model": [(1, 5, "ThumbsUp", 1, JAN), (1, 5, "ThumbsDown", 1, FEB)]},
    ),
    "the first review is the first that counts, and one at the cutoff is none": Case(
        rows=(
            model(),
            version(10),
            version(11),
            version(12),
            review(10, 5, JAN, exclude=True),
            review(11, 5, FEB),
            review(10, 6, LIVE, id=1),
            review(11, 6, LAST, id=2),
            review(12, 6, MAR, id=3),
            review(10, 7, LIVE),
        ),
        pairs=("Model/ThumbsUp",),
        events={"Model": [(1, 5, "ThumbsUp", 1, FEB), (1, 6, "ThumbsUp", 1, MAR)]},
    ),
    "reviews of a deleted model are not loaded": Case(
        rows=(review(10, 5, JAN, of=404), model(), review(11, 5, FEB)),
        pairs=("Model/Rating", "Model/RatingCount", "Model/ThumbsUp", "Model/ThumbsDown"),
        events={
            "Model": [
                (1, 5, "Rating", 5, FEB),
                (1, 5, "RatingCount", 1, FEB),
                (1, 5, "ThumbsUp", 1, FEB),
            ]
        },
    ),
}


def comment(thread: int, user: int, at: str, **more: object) -> Row:
    """A comment of today's kind."""
    return row("CommentV2", threadId=thread, userId=user, createdAt=at, **more)


COMMENTS: dict[str, Case] = {
    "old comments: a user counts once a model, and each comment on each version": Case(
        rows=(
            model(),
            version(10),
            version(11),
            row("Comment", id=2, modelId=1, userId=5, createdAt=FEB),
            row("Comment", id=1, modelId=1, userId=5, createdAt=MAR),
            row("Comment", modelId=1, userId=6, createdAt=JAN, tosViolation=True),
            row("Comment", modelId=1, userId=6, createdAt=APR, hidden=True, locked=True),
            row("Comment", modelId=1, userId=7, createdAt=JAN, tosViolation=True),
            row("Comment", modelId=1, userId=8, createdAt=LIVE),
            row("Comment", modelId=404, userId=8, createdAt=JAN),
        ),
        pairs=("Model/Comment", "ModelVersion/Comment"),
        events={
            "Model": [(1, 5, "Comment", 1, FEB), (1, 6, "Comment", 1, APR)],
            "ModelVersion": [
                (10, 5, "Comment", 1, FEB),
                (10, 5, "Comment", 1, MAR),
                (10, 6, "Comment", 1, APR),
                (11, 5, "Comment", 1, FEB),
                (11, 5, "Comment", 1, MAR),
                (11, 6, "Comment", 1, APR),
            ],
        },
    ),
    "comments count in the entity's own thread, hidden ones too; replies in child threads do not": Case(
        rows=(
            row("Image", id=1),
            row("Thread", id=10, imageId=1),
            row("Thread", id=20, postId=2),
            row("Thread", id=30, articleId=3),
            row("Thread", id=40, bountyId=4),
            row("Thread", id=11, rootThreadId=10, parentThreadId=10),
            row("Thread", id=21, rootThreadId=20, parentThreadId=20),
            row("Thread", id=31, rootThreadId=30, parentThreadId=30),
            row("Thread", id=41, rootThreadId=40, parentThreadId=40),
            comment(10, 5, JAN),
            comment(10, 5, FEB, tosViolation=True, hidden=True),
            comment(20, 5, JAN),
            comment(20, 6, JAN, tosViolation=True),
            comment(30, 5, FEB),
            comment(40, 5, MAR),
            comment(40, 5, MAR),
            comment(11, 6, APR),
            comment(21, 6, APR),
            comment(31, 6, APR),
            comment(41, 6, APR),
        ),
        pairs=("Image/Comment", "Post/Comment", "Article/Comment", "Bounty/Comment"),
        events={
            "Image": [(1, 5, "Comment", 1, JAN), (1, 5, "Comment", 1, FEB)],
            "Post": [(2, 5, "Comment", 1, JAN), (2, 6, "Comment", 1, JAN)],
            "Article": [(3, 5, "Comment", 1, FEB)],
            "Bounty": [(4, 5, "Comment", 1, MAR), (4, 5, "Comment", 1, MAR)],
        },
    ),
    "comments on a deleted image are not loaded": Case(
        rows=(
            row("Thread", id=10, imageId=404),
            comment(10, 5, JAN),
            row("Image", id=1),
            row("Thread", id=11, imageId=1),
            comment(11, 6, FEB),
        ),
        pairs=("Image/Comment",),
        events={"Image": [(1, 6, "Comment", 1, FEB)]},
    ),
}


def item(collection: int, at: str | None, by: int | None, **what: int) -> Row:
    """An item of a collection."""
    return row("CollectionItem", collectionId=collection, addedById=by, createdAt=at, **what)


COLLECTIONS: dict[str, Case] = {
    "who collects a model in several collections counts once, at the first; the owner too": Case(
        rows=(
            model(owner=5),
            row("CollectionItem", id=2, collectionId=50, modelId=1, addedById=6, createdAt=JAN),
            row("CollectionItem", id=1, collectionId=51, modelId=1, addedById=6, createdAt=MAR),
            item(52, FEB, 5, modelId=1),
            item(53, JAN, None, modelId=1),
            item(54, LIVE, 8, modelId=1),
        ),
        pairs=("Model/Collection",),
        events={"Model": [(1, 6, "Collection", 1, JAN), (1, 5, "Collection", 1, FEB)]},
    ),
    "a model's collectors but its owner, and its bookmarks, are on each of its versions": Case(
        rows=(
            model(owner=5),
            version(10),
            version(11, status="Draft"),
            version(12, of=2),
            row("Collection", id=50, userId=6, mode="Bookmark", type="Model"),
            row("Collection", id=51, userId=7, mode=None),
            item(50, FEB, 6, modelId=1),
            item(51, JAN, 6, modelId=1),
            item(51, JAN, 5, modelId=1),
        ),
        pairs=("ModelVersion/Collection", "ModelVersion/Favorite"),
        events={
            "ModelVersion": [
                (10, 6, "Collection", 1, JAN),
                (11, 6, "Collection", 1, JAN),
                (10, 6, "Favorite", 1, FEB),
                (11, 6, "Favorite", 1, FEB),
            ]
        },
    ),
    "favourites of a model are bookmarks: mode NULL and Contest are not": Case(
        rows=(
            model(),
            row("Collection", id=50, userId=6, mode="Bookmark", type="Model"),
            row("Collection", id=51, userId=7, mode=None, type="Model"),
            row("Collection", id=52, userId=8, mode="Contest", type="Model"),
            row("Collection", id=53, userId=9, mode="Bookmark", type=None),
            item(50, JAN, 6, modelId=1),
            item(51, JAN, 7, modelId=1),
            item(52, JAN, 8, modelId=1),
            item(53, FEB, None, modelId=1),
        ),
        pairs=("Model/Favorite",),
        events={"Model": [(1, 6, "Favorite", 1, JAN), (1, 9, "Favorite", 1, FEB)]},
    ),
    "favourites of an article are bookmarks of type Article; all items are collected": Case(
        rows=(
            row("Article", id=1),
            row("Collection", id=50, userId=6, mode="Bookmark", type="Article"),
            row("Collection", id=51, userId=7, mode="Bookmark", type="Post"),
            row("Collection", id=52, userId=8, mode=None, type="Article"),
            row("Collection", id=53, userId=9, mode="Contest", type="Article"),
            row("Collection", id=54, userId=10, mode="Bookmark", type=None),
            item(50, JAN, 6, articleId=1),
            item(51, JAN, 7, articleId=1),
            item(52, JAN, 8, articleId=1),
            item(53, JAN, 9, articleId=1),
            item(54, JAN, 10, articleId=1),
        ),
        pairs=("Article/Favorite", "Article/Collection"),
        events={
            "Article": [
                (1, 6, "Favorite", 1, JAN),
                (1, 6, "Collection", 1, JAN),
                (1, 7, "Collection", 1, JAN),
                (1, 8, "Collection", 1, JAN),
                (1, 9, "Collection", 1, JAN),
                (1, 10, "Collection", 1, JAN),
            ]
        },
    ),
    "items of what was deleted are not loaded, but their collection counts them": Case(
        rows=(
            item(50, JAN, 6, modelId=401),
            item(50, JAN, 6, imageId=402),
            item(50, JAN, 6, postId=403),
            item(50, JAN, 6, articleId=404),
            version(10, of=401),  # its model is gone
        ),
        pairs=(
            "Model/Collection",
            "Image/Collection",
            "Post/Collection",
            "Article/Collection",
            "ModelVersion/Collection",
            "Collection/Item",
        ),
        events={"Collection": [(50, 6, "Item", 1, JAN)] * 4},
    ),
    "items of every status count, and an item of a collection that is gone does too": Case(
        rows=(
            row("Image", id=1),
            row("Collection", id=50, userId=6),
            row("CollectionItem", collectionId=50, imageId=1, createdAt=JAN, status="REVIEW"),
            row("CollectionItem", collectionId=404, imageId=1, createdAt=FEB, status="REJECTED"),
        ),
        pairs=("Image/Collection", "Collection/Item"),
        events={
            "Image": [(1, 0, "Collection", 1, JAN), (1, 0, "Collection", 1, FEB)],
            "Collection": [(50, 0, "Item", 1, JAN), (404, 0, "Item", 1, FEB)],
        },
    ),
}


def use(image: int, version: int) -> Row:
    """An image that uses a version."""
    return row("ImageResourceNew", imageId=image, modelVersionId=version)


USES: dict[str, Case] = {
    "uses are dated by the post's publication; without one, and by the owner, they do not count": Case(
        rows=(
            model(owner=5),
            version(10),
            row("Post", id=100, publishedAt=JAN),
            row("Post", id=101, publishedAt=None),
            row("Post", id=102, publishedAt=LIVE),
            row("Post", id=103, publishedAt=LAST),
            row("Image", id=20, userId=6, postId=100, createdAt=LIVE),
            row("Image", id=21, userId=6, postId=101),
            row("Image", id=22, userId=6, postId=102),
            row("Image", id=23, userId=6, postId=None),
            row("Image", id=24, userId=5, postId=100),
            row("Image", id=25, userId=7, postId=103),
            row("Image", id=26, userId=7, postId=404),
            *(use(image, 10) for image in (20, 21, 22, 23, 24, 25, 26, 404)),
        ),
        pairs=("Model/Image", "ModelVersion/Image"),
        events={
            "Model": [(1, 6, "Image", 1, JAN), (1, 7, "Image", 1, LAST)],
            "ModelVersion": [(10, 6, "Image", 1, JAN), (10, 7, "Image", 1, LAST)],
        },
    ),
    "an image that uses two versions of a model counts twice for it and once for each": Case(
        rows=(
            model(),
            version(10),
            version(11),
            row("Post", id=100, publishedAt=JAN),
            row("Image", id=20, userId=6, postId=100),
            use(20, 10),
            use(20, 11),
            use(20, 404),  # a version that is gone
        ),
        pairs=("Model/Image", "ModelVersion/Image"),
        events={
            "Model": [(1, 6, "Image", 1, JAN), (1, 6, "Image", 1, JAN)],
            "ModelVersion": [(10, 6, "Image", 1, JAN), (11, 6, "Image", 1, JAN)],
        },
    ),
}


def reaction(image: int, user: int, kind: str, at: str) -> Row:
    """A reaction to an image."""
    return row("ImageReaction", imageId=image, userId=user, reaction=kind, createdAt=at)


REACTIONS: dict[str, Case] = {
    "each kind of reaction is a pair; Reaction is all kinds but Dislike; own ones count": Case(
        rows=(
            row("Image", id=1, userId=5),
            reaction(1, 5, "Like", JAN),
            reaction(1, 5, "Dislike", FEB),
            reaction(1, 5, "Laugh", MAR),
            reaction(1, 5, "Cry", APR),
            reaction(1, 5, "Heart", MAY),
            reaction(404, 6, "Like", JAN),
        ),
        pairs=(
            "Image/ReactionLike",
            "Image/ReactionDislike",
            "Image/ReactionLaugh",
            "Image/ReactionCry",
            "Image/ReactionHeart",
            "Image/Reaction",
        ),
        events={
            "Image": [
                (1, 5, "ReactionLike", 1, JAN),
                (1, 5, "ReactionDislike", 1, FEB),
                (1, 5, "ReactionLaugh", 1, MAR),
                (1, 5, "ReactionCry", 1, APR),
                (1, 5, "ReactionHeart", 1, MAY),
                (1, 5, "Reaction", 1, JAN),
                (1, 5, "Reaction", 1, MAR),
                (1, 5, "Reaction", 1, APR),
                (1, 5, "Reaction", 1, MAY),
            ]
        },
    ),
    "a post has the reactions to its images of today, published or not": Case(
        rows=(
            row("Post", id=7, publishedAt=None),
            row("Image", id=1, postId=7, userId=5),
            row("Image", id=2, postId=7),
            row("Image", id=3, postId=None),
            row("Image", id=4, postId=404),
            reaction(1, 5, "Like", JAN),
            reaction(2, 5, "Like", JAN),
            reaction(2, 6, "Dislike", FEB),
            reaction(2, 6, "Laugh", FEB),
            reaction(2, 6, "Cry", MAR),
            reaction(2, 6, "Heart", APR),
            reaction(3, 6, "Like", JAN),
            reaction(4, 6, "Like", JAN),
        ),
        pairs=(
            "Post/ReactionLike",
            "Post/ReactionDislike",
            "Post/ReactionLaugh",
            "Post/ReactionCry",
            "Post/ReactionHeart",
        ),
        events={
            "Post": [
                (7, 5, "ReactionLike", 1, JAN),
                (7, 5, "ReactionLike", 1, JAN),
                (7, 6, "ReactionDislike", 1, FEB),
                (7, 6, "ReactionLaugh", 1, FEB),
                (7, 6, "ReactionCry", 1, MAR),
                (7, 6, "ReactionHeart", 1, APR),
            ]
        },
    ),
    "articles and entries have reactions of five kinds": Case(
        rows=tuple(
            row(table, userId=user, reaction=kind, createdAt=at, **{column: 3})
            for table, column in (
                ("ArticleReaction", "articleId"),
                ("BountyEntryReaction", "bountyEntryId"),
            )
            for user, kind, at in (
                (1, "Like", JAN),
                (2, "Dislike", FEB),
                (3, "Laugh", MAR),
                (4, "Cry", APR),
                (5, "Heart", MAY),
            )
        ),
        pairs=tuple(
            f"{entity}/Reaction{kind}"
            for entity in ("Article", "BountyEntry")
            for kind in ("Like", "Dislike", "Laugh", "Cry", "Heart")
        ),
        events={
            "Article": [
                (3, 1, "ReactionLike", 1, JAN),
                (3, 2, "ReactionDislike", 1, FEB),
                (3, 3, "ReactionLaugh", 1, MAR),
                (3, 4, "ReactionCry", 1, APR),
                (3, 5, "ReactionHeart", 1, MAY),
            ],
            "BountyEntry": [
                (3, 1, "ReactionLike", 1, JAN),
                (3, 2, "ReactionDislike", 1, FEB),
                (3, 3, "ReactionLaugh", 1, MAR),
                (3, 4, "ReactionCry", 1, APR),
                (3, 5, "ReactionHeart", 1, MAY),
            ],
        },
    ),
}


def tip(kind: str, entity: int, user: int, amount: int, at: str, **more: object) -> Row:
    """All that one user tipped one entity."""
    values = {"entityType": kind, "entityId": entity, "fromUserId": user}
    return row("BuzzTip", **values, amount=amount, createdAt=at, **more)


MONEY: dict[str, Case] = {
    "tips are told apart by entity type, both spellings of entries count, deleted ones do not": Case(
        rows=(
            row("Image", id=1),
            row("Article", id=1),
            row("BountyEntry", id=1),
            model(),
            tip("Image", 1, 5, 10, JAN),
            tip("Article", 1, 5, 20, FEB, updatedAt=LIVE),  # topped up since
            tip("BountyEntry", 1, 5, 30, MAR),
            tip("bountyEntry", 1, 5, 40, APR),
            tip("bountyentry", 1, 6, 50, APR),
            tip("Model", 1, 5, 60, MAY),
            tip("Post", 1, 5, 70, MAY),
            *(tip(kind, 404, 5, 1, JAN) for kind in ("Image", "Article", "BountyEntry", "Model")),
        ),
        pairs=(
            "Image/TipCount",
            "Image/Buzz",
            "Article/TipCount",
            "Article/TipAmount",
            "BountyEntry/TipCount",
            "BountyEntry/TipAmount",
            "Model/TipCount",
            "Model/TipAmount",
        ),
        events={
            "Image": [(1, 5, "TipCount", 1, JAN), (1, 5, "Buzz", 10, JAN)],
            "Article": [(1, 5, "TipCount", 1, FEB), (1, 5, "TipAmount", 20, FEB)],
            "BountyEntry": [
                (1, 5, "TipCount", 1, MAR),
                (1, 5, "TipCount", 1, APR),
                (1, 5, "TipAmount", 30, MAR),
                (1, 5, "TipAmount", 40, APR),
            ],
            "Model": [(1, 5, "TipCount", 1, MAY), (1, 5, "TipAmount", 60, MAY)],
        },
    ),
    "donations count for the goal's version and its model, each by itself; other goals do not": Case(
        rows=(
            model(),
            version(10),
            version(11),
            row("DonationGoal", id=1, modelVersionId=10),
            row("DonationGoal", id=2, modelVersionId=11),
            row("DonationGoal", id=3, modelVersionId=None),
            row("DonationGoal", id=4, modelVersionId=404),
            row("Donation", donationGoalId=1, userId=5, amount=100, createdAt=JAN),
            row("Donation", donationGoalId=1, userId=5, amount=100, createdAt=JAN),
            row("Donation", donationGoalId=2, userId=6, amount=7, createdAt=FEB),
            row("Donation", donationGoalId=3, userId=6, amount=8, createdAt=FEB),
            row("Donation", donationGoalId=4, userId=6, amount=9, createdAt=FEB),
            row("Donation", donationGoalId=404, userId=6, amount=9, createdAt=FEB),
            tip("ModelVersion", 10, 5, 60, MAY),  # donations are the only way to tip a version
            tip("Model", 1, 6, 60, MAY),
        ),
        pairs=(
            "ModelVersion/TipCount",
            "ModelVersion/TipAmount",
            "Model/TipCount",
            "Model/TipAmount",
        ),
        events={
            "ModelVersion": [
                (10, 5, "TipCount", 1, JAN),
                (10, 5, "TipCount", 1, JAN),
                (11, 6, "TipCount", 1, FEB),
                (404, 6, "TipCount", 1, FEB),
                (10, 5, "TipAmount", 100, JAN),
                (10, 5, "TipAmount", 100, JAN),
                (11, 6, "TipAmount", 7, FEB),
                (404, 6, "TipAmount", 9, FEB),
            ],
            "Model": [
                (1, 5, "TipCount", 1, JAN),
                (1, 5, "TipCount", 1, JAN),
                (1, 6, "TipCount", 1, FEB),
                (1, 6, "TipCount", 1, MAY),
                (1, 5, "TipAmount", 100, JAN),
                (1, 5, "TipAmount", 100, JAN),
                (1, 6, "TipAmount", 7, FEB),
                (1, 6, "TipAmount", 60, MAY),
            ],
        },
    ),
    "awards go to the entry, at awardedAt, else updatedAt; pledges to the bounty, at createdAt": Case(
        # Entry 3 is by user 30: an award names the entry, never its author.
        rows=(
            row("BountyEntry", id=3, bountyId=1, userId=30),
            row(
                "BountyBenefactor",
                bountyId=1,
                userId=5,
                unitAmount=50,
                createdAt=JAN,
                updatedAt=MAY,
                awardedAt=MAR,
                awardedToId=3,
            ),
            row(
                "BountyBenefactor",
                bountyId=1,
                userId=6,
                unitAmount=60,
                createdAt=JAN,
                updatedAt=APR,
                awardedToId=3,
                currency="USD",
            ),
            row("BountyBenefactor", bountyId=1, userId=7, unitAmount=70, createdAt=FEB),
            row(
                "BountyBenefactor",
                bountyId=1,
                userId=8,
                unitAmount=80,
                createdAt=FEB,
                updatedAt=JAN,
                awardedAt=LIVE,
                awardedToId=3,
            ),
        ),
        pairs=("BountyEntry/UnitAmount", "Bounty/UnitAmount", "Bounty/Benefactor"),
        events={
            "BountyEntry": [(3, 5, "UnitAmount", 50, MAR), (3, 6, "UnitAmount", 60, APR)],
            "Bounty": [
                (1, 5, "UnitAmount", 50, JAN),
                (1, 6, "UnitAmount", 60, JAN),
                (1, 7, "UnitAmount", 70, FEB),
                (1, 8, "UnitAmount", 80, FEB),
                (1, 5, "Benefactor", 1, JAN),
                (1, 6, "Benefactor", 1, JAN),
                (1, 7, "Benefactor", 1, FEB),
                (1, 8, "Benefactor", 1, FEB),
            ],
        },
    ),
}


def seen(kind: str, owner: int, user: int, at: str) -> Row:
    """A reaction as ClickHouse tracks it."""
    values = {"entityId": 1, "reaction": "Like", "nsfw": "None", "ip": "", "userAgent": ""}
    return row("reactions", type=kind, ownerId=owner, userId=user, time=at, **values)


def download(version: int, user: int, at: str, *, ip: str = "", kind: str = "Download") -> Row:
    """An event of a version as ClickHouse tracks it; what it says of the model is not believed."""
    values = {"type": kind, "modelVersionId": version, "modelId": 0, "userId": user, "ip": ip}
    return row("modelVersionEvents", **values, time=at)


def generation(version: int, user: int, day: str) -> Row:
    """One generation with a version on a day."""
    return row("daily_user_resource", modelVersionId=version, userId=user, date=day)


def earned(version: int, day: str, total: int, updated: str = "2024-06-01 00:00:00") -> Row:
    """What a version earned on a day, as an hourly job last knew it."""
    values = {"modelVersionId": version, "date": f"{day} 00:00:00", "comp": 0, "tip": 0}
    return row("buzz_resource_compensation", **values, total=total, updated_at=updated)


TRACKED: dict[str, Case] = {
    "reactions received: every kind, deletions as -1, one's own only before 2024-04-27": Case(
        rows=(
            seen("Image_Create", 5, 6, "2024-05-01 10:00:00"),
            seen("Image_Delete", 5, 6, "2024-05-01 11:00:00"),
            seen("BountyEntry_Create", 5, 7, "2024-05-02 00:00:00"),
            seen("Article_Create", 5, 7, "2024-05-02 00:00:00"),
            seen("Review_Delete", 5, 8, "2024-05-03 00:00:00"),
            seen("Image_Create", 5, 5, "2024-04-26 23:59:59"),
            seen("Image_Delete", 5, 5, "2024-04-26 23:59:59"),
            seen("Image_Create", 5, 5, "2024-04-27 00:00:00"),
            seen("Image_Create", -1, 6, "2024-05-01 10:00:00"),
        ),
        pairs=("User/UserImageReaction",),
        events={
            "User": [
                (5, 6, "UserImageReaction", 1, "2024-05-01 10:00:00.000"),
                (5, 6, "UserImageReaction", -1, "2024-05-01 11:00:00.000"),
                (5, 7, "UserImageReaction", 1, "2024-05-02 00:00:00.000"),
                (5, 7, "UserImageReaction", 1, "2024-05-02 00:00:00.000"),
                (5, 8, "UserImageReaction", -1, "2024-05-03 00:00:00.000"),
                (5, 5, "UserImageReaction", 1, "2024-04-26 23:59:59.000"),
                (5, 5, "UserImageReaction", -1, "2024-04-26 23:59:59.000"),
            ]
        },
    ),
    "a downloader counts once a version, at the first time, by account or else by address": Case(
        rows=(
            model(),
            version(10),
            version(11),
            download(10, 5, "2024-02-01 00:00:00", ip="a"),
            download(10, 5, "2024-01-01 00:00:00", ip="b"),
            download(11, 5, "2024-03-01 00:00:00", ip="a"),
            download(10, 0, "2024-01-02 00:00:00", ip="a"),
            download(10, 0, "2024-01-03 00:00:00", ip="a"),
            download(10, 0, "2024-01-04 00:00:00", ip="b"),
            download(10, 6, "2024-01-01 00:00:00", kind="Publish"),
            download(404, 7, "2024-01-01 00:00:00"),
            download(10, 8, "2025-10-01 00:00:00"),
        ),
        pairs=("ModelVersion/Download", "Model/Download"),
        events={
            "ModelVersion": [
                (10, 5, "Download", 1, "2024-01-01 00:00:00.000"),
                (11, 5, "Download", 1, "2024-03-01 00:00:00.000"),
                (10, 0, "Download", 1, "2024-01-02 00:00:00.000"),
                (10, 0, "Download", 1, "2024-01-04 00:00:00.000"),
            ],
            "Model": [
                (1, 5, "Download", 1, "2024-01-01 00:00:00.000"),
                (1, 5, "Download", 1, "2024-03-01 00:00:00.000"),
                (1, 0, "Download", 1, "2024-01-02 00:00:00.000"),
                (1, 0, "Download", 1, "2024-01-04 00:00:00.000"),
            ],
        },
    ),
    "generations are summed by version, user and day; injected and deleted versions are left out": Case(
        rows=(
            model(),
            version(10),
            version(11),
            version(391999),
            version(424706),
            generation(10, 5, "2024-01-01"),
            generation(10, 5, "2024-01-01"),
            generation(10, 5, "2024-01-01"),
            generation(10, 5, "2024-01-02"),
            generation(10, 6, "2024-01-01"),
            generation(11, 5, "2024-01-01"),
            generation(391999, 5, "2024-01-01"),
            generation(424706, 5, "2024-01-01"),
            generation(404, 5, "2024-01-01"),
        ),
        pairs=("ModelVersion/Generation", "Model/Generation"),
        ids=IdRange(0, 500_000),
        events={
            "ModelVersion": [
                (10, 5, "Generation", 3, "2024-01-01 00:00:00.000"),
                (10, 5, "Generation", 1, "2024-01-02 00:00:00.000"),
                (10, 6, "Generation", 1, "2024-01-01 00:00:00.000"),
                (11, 5, "Generation", 1, "2024-01-01 00:00:00.000"),
            ],
            "Model": [
                (1, 5, "Generation", 3, "2024-01-01 00:00:00.000"),
                (1, 5, "Generation", 1, "2024-01-02 00:00:00.000"),
                (1, 6, "Generation", 1, "2024-01-01 00:00:00.000"),
                (1, 5, "Generation", 1, "2024-01-01 00:00:00.000"),
            ],
        },
    ),
    "generations of the day before a cutoff at midnight count, those of its day do not": Case(
        rows=(
            model(),
            version(10),
            generation(10, 5, "2025-09-30"),
            generation(10, 6, "2025-10-01"),
        ),
        pairs=("ModelVersion/Generation", "Model/Generation"),
        events={
            "ModelVersion": [(10, 5, "Generation", 1, "2025-09-30 00:00:00.000")],
            "Model": [(1, 5, "Generation", 1, "2025-09-30 00:00:00.000")],
        },
    ),
    "generations of a day that the cutoff cuts do not count": Case(
        rows=(
            model(),
            version(10),
            generation(10, 5, "2025-09-30"),
            generation(10, 6, "2025-10-01"),
            generation(10, 6, "2025-10-02"),
        ),
        pairs=("ModelVersion/Generation", "Model/Generation"),
        cutoff=datetime(2025, 10, 1, 15, 44, 39, 44000, tzinfo=timezone.utc),
        events={
            "ModelVersion": [(10, 5, "Generation", 1, "2025-09-30 00:00:00.000")],
            "Model": [(1, 5, "Generation", 1, "2025-09-30 00:00:00.000")],
        },
    ),
    "earnings written again count once, as last written; a model's are summed by day": Case(
        rows=(
            model(),
            version(10),
            version(11),
            earned(10, "2024-08-01", 100, updated="2024-08-02 01:00:00"),
            earned(10, "2024-08-01", 130, updated="2024-08-02 02:00:00"),
            earned(10, "2024-08-01", 150, updated="2024-08-02 03:00:00"),
            earned(10, "2024-08-02", 20),
            earned(11, "2024-08-01", 7),
            earned(404, "2024-08-01", 9),
            earned(10, "2025-09-30", 1),
            earned(10, "2025-10-01", 2),
        ),
        pairs=("ModelVersion/Earned", "Model/Earned"),
        events={
            "ModelVersion": [
                (10, 0, "Earned", 150, "2024-08-01 00:00:00.000"),
                (10, 0, "Earned", 20, "2024-08-02 00:00:00.000"),
                (11, 0, "Earned", 7, "2024-08-01 00:00:00.000"),
                (10, 0, "Earned", 1, "2025-09-30 00:00:00.000"),
            ],
            "Model": [
                (1, 0, "Earned", 157, "2024-08-01 00:00:00.000"),
                (1, 0, "Earned", 20, "2024-08-02 00:00:00.000"),
                (1, 0, "Earned", 1, "2025-09-30 00:00:00.000"),
            ],
        },
    ),
}

BORDERS: dict[str, Case] = {
    "a row at the cutoff is not ours, one a millisecond before is": Case(
        rows=(
            row("TagEngagement", tagId=1, userId=1, type="Follow", createdAt=LAST),
            row("TagEngagement", tagId=1, userId=2, type="Follow", createdAt=LIVE),
            row("CollectionItem", collectionId=1, addedById=1, createdAt=None, updatedAt=LAST),
            row("CollectionItem", collectionId=1, addedById=2, createdAt=None, updatedAt=LIVE),
            row(
                "BountyBenefactor",
                bountyId=1,
                userId=1,
                unitAmount=5,
                updatedAt=LAST,
                awardedToId=1,
            ),
            row("BountyBenefactor", bountyId=1, userId=2, updatedAt=LIVE, awardedToId=1),
        ),
        pairs=("Tag/Follower", "Collection/Item", "BountyEntry/UnitAmount"),
        events={
            "Tag": [(1, 1, "Follower", 1, LAST)],
            "Collection": [(1, 1, "Item", 1, LAST)],
            "BountyEntry": [(1, 1, "UnitAmount", 5, LAST)],
        },
    ),
    "a cutoff with milliseconds cuts between two of them": Case(
        rows=(
            row(
                "TagEngagement", tagId=1, userId=1, type="Hide", createdAt="2024-08-07 15:44:39.043"
            ),
            row(
                "TagEngagement", tagId=1, userId=2, type="Hide", createdAt="2024-08-07 15:44:39.044"
            ),
        ),
        pairs=("Tag/Hidden",),
        cutoff=datetime(2024, 8, 7, 15, 44, 39, 44000, tzinfo=timezone.utc),
        events={"Tag": [(1, 1, "Hidden", 1, "2024-08-07 15:44:39.043")]},
    ),
    "ClickHouse keeps seconds: the one of the cutoff is not ours, the one before is": Case(
        rows=(
            model(),
            version(10),
            seen("Image_Create", 5, 6, "2025-09-30 23:59:59"),
            seen("Image_Create", 5, 7, "2025-10-01 00:00:00"),
            download(10, 6, "2025-09-30 23:59:59"),
            download(10, 7, "2025-10-01 00:00:00"),
        ),
        pairs=("User/UserImageReaction", "ModelVersion/Download", "Model/Download"),
        events={
            "User": [(5, 6, "UserImageReaction", 1, "2025-09-30 23:59:59.000")],
            "ModelVersion": [(10, 6, "Download", 1, "2025-09-30 23:59:59.000")],
            "Model": [(1, 6, "Download", 1, "2025-09-30 23:59:59.000")],
        },
    ),
    "a cutoff a millisecond after a second of ClickHouse takes that second in": Case(
        rows=(
            version(10),
            seen("Image_Create", 5, 6, "2025-10-01 00:00:00"),
            seen("Image_Create", 5, 7, "2025-10-01 00:00:01"),
            download(10, 6, "2025-10-01 00:00:00"),
            download(10, 7, "2025-10-01 00:00:01"),
            earned(10, "2025-10-01", 4),
        ),
        pairs=("User/UserImageReaction", "ModelVersion/Download", "ModelVersion/Earned"),
        cutoff=datetime(2025, 10, 1, 0, 0, 0, 1000, tzinfo=timezone.utc),
        events={
            "User": [(5, 6, "UserImageReaction", 1, LIVE)],
            "ModelVersion": [(10, 6, "Download", 1, LIVE), (10, 0, "Earned", 4, LIVE)],
        },
    ),
    "twins of the same user and millisecond are both kept": Case(
        rows=(
            row("CollectionItem", collectionId=1, imageId=1, addedById=5, createdAt=JAN),
            row("CollectionItem", collectionId=1, imageId=2, addedById=5, createdAt=JAN),
            row("Thread", id=10, postId=2),
            comment(10, 5, "2024-01-01 00:00:00.123"),
            comment(10, 5, "2024-01-01 00:00:00.123"),
            comment(10, 5, "2024-01-01 00:00:00.124"),
        ),
        pairs=("Collection/Item", "Post/Comment"),
        events={
            "Collection": [(1, 5, "Item", 1, JAN), (1, 5, "Item", 1, JAN)],
            "Post": [
                (2, 5, "Comment", 1, "2024-01-01 00:00:00.123"),
                (2, 5, "Comment", 1, "2024-01-01 00:00:00.123"),
                (2, 5, "Comment", 1, "2024-01-01 00:00:00.124"),
            ],
        },
    ),
    "a range takes its first id in and its stop not": Case(
        rows=(
            *(
                row("TagEngagement", tagId=tag, userId=1, type="Follow", createdAt=JAN)
                for tag in (99, 100, 199, 200)
            ),
            *(row("Image", id=image) for image in (99, 100, 199, 200)),
            *(reaction(image, 1, "Like", JAN) for image in (99, 100, 199, 200)),
            *(version(id, of=id) for id in (99, 100, 199, 200)),
            *(generation(id, 1, "2024-01-01") for id in (99, 100, 199, 200)),
            *(seen("Image_Create", id, 1, "2024-01-01 00:00:00") for id in (99, 100, 199, 200)),
        ),
        pairs=(
            "Tag/Follower",
            "Image/ReactionLike",
            "ModelVersion/Generation",
            "Model/Generation",
            "User/UserImageReaction",
        ),
        ids=IdRange(100, 200),
        events={
            "Tag": [(100, 1, "Follower", 1, JAN), (199, 1, "Follower", 1, JAN)],
            "Image": [(100, 1, "ReactionLike", 1, JAN), (199, 1, "ReactionLike", 1, JAN)],
            "ModelVersion": [(100, 1, "Generation", 1, JAN), (199, 1, "Generation", 1, JAN)],
            "Model": [(100, 1, "Generation", 1, JAN), (199, 1, "Generation", 1, JAN)],
            "User": [
                (100, 1, "UserImageReaction", 1, JAN),
                (199, 1, "UserImageReaction", 1, JAN),
            ],
        },
    ),
}

#: User 1 acts a millisecond before the cutoff, user 2 at it.
AROUND = ((1, LAST), (2, LIVE))
EVERYWHERE: dict[str, Case] = {
    "every Postgres scan ends a millisecond before the cutoff": Case(
        rows=(
            row("User", id=1),
            row("User", id=2),
            model(id=1),
            version(10, of=1),
            row("Post", id=2),
            row("Image", id=3, postId=2),
            row("Article", id=4),
            row("Bounty", id=5),
            row("BountyEntry", id=6, bountyId=404),
            row("Collection", id=50, userId=9, mode="Bookmark", type="Article"),
            row("DonationGoal", id=1, modelVersionId=10),
            row("Thread", id=32, postId=2),
            row("Thread", id=33, imageId=3),
            row("Thread", id=34, articleId=4),
            row("Thread", id=35, bountyId=5),
            *(
                made
                for user, at in AROUND
                for made in (
                    row("UserEngagement", userId=user, targetUserId=7, type="Follow", createdAt=at),
                    review(10, user, at),
                    row("Comment", modelId=1, userId=user, createdAt=at),
                    *(comment(thread, user, at) for thread in (32, 33, 34, 35)),
                    item(50, at, user, modelId=1),
                    item(50, at, user, postId=2),
                    item(50, at, user, imageId=3),
                    item(50, at, user, articleId=4),
                    reaction(3, user, "Cry", at),
                    row("ArticleReaction", articleId=4, userId=user, reaction="Cry", createdAt=at),
                    row("ArticleEngagement", articleId=4, userId=user, type="Hide", createdAt=at),
                    row("BountyEngagement", bountyId=5, userId=user, type="Track", createdAt=at),
                    row("BountyEntry", bountyId=5, userId=user, createdAt=at),
                    row("BountyBenefactor", bountyId=5, userId=user, unitAmount=8, createdAt=at),
                    row(
                        "BountyEntryReaction",
                        bountyEntryId=6,
                        userId=user,
                        reaction="Cry",
                        createdAt=at,
                    ),
                    tip("Model", 1, user, 11, at),
                    tip("Image", 3, user, 13, at),
                    tip("Article", 4, user, 14, at),
                    tip("BountyEntry", 6, user, 16, at),
                    row("Donation", donationGoalId=1, userId=user, amount=17, createdAt=at),
                )
            ),
        ),
        pairs=(
            "User/Following",
            "User/Follower",
            "User/Review",
            "Model/ThumbsUp",
            "Model/Comment",
            "Model/Favorite",
            "Model/TipAmount",
            "ModelVersion/ThumbsUp",
            "ModelVersion/Comment",
            "ModelVersion/Collection",
            "ModelVersion/TipAmount",
            "Post/ReactionCry",
            "Post/Comment",
            "Post/Collection",
            "Image/ReactionCry",
            "Image/Comment",
            "Image/Collection",
            "Image/Buzz",
            "Article/ReactionCry",
            "Article/Comment",
            "Article/Favorite",
            "Article/Hide",
            "Article/TipAmount",
            "Bounty/Track",
            "Bounty/Entry",
            "Bounty/UnitAmount",
            "Bounty/Comment",
            "BountyEntry/ReactionCry",
            "BountyEntry/TipAmount",
        ),
        events={
            "User": [
                (1, 1, "Following", 1, LAST),
                (7, 1, "Follower", 1, LAST),
                (1, 1, "Review", 1, LAST),
            ],
            "Model": [
                (1, 1, "ThumbsUp", 1, LAST),
                (1, 1, "Comment", 1, LAST),
                (1, 1, "Favorite", 1, LAST),
                (1, 1, "TipAmount", 11, LAST),
                (1, 1, "TipAmount", 17, LAST),
            ],
            "ModelVersion": [
                (10, 1, "ThumbsUp", 1, LAST),
                (10, 1, "Comment", 1, LAST),
                (10, 1, "Collection", 1, LAST),
                (10, 1, "TipAmount", 17, LAST),
            ],
            "Post": [
                (2, 1, "ReactionCry", 1, LAST),
                (2, 1, "Comment", 1, LAST),
                (2, 1, "Collection", 1, LAST),
            ],
            "Image": [
                (3, 1, "ReactionCry", 1, LAST),
                (3, 1, "Comment", 1, LAST),
                (3, 1, "Collection", 1, LAST),
                (3, 1, "Buzz", 13, LAST),
            ],
            "Article": [
                (4, 1, "ReactionCry", 1, LAST),
                (4, 1, "Comment", 1, LAST),
                (4, 1, "Favorite", 1, LAST),
                (4, 1, "Hide", 1, LAST),
                (4, 1, "TipAmount", 14, LAST),
            ],
            "Bounty": [
                (5, 1, "Track", 1, LAST),
                (5, 1, "Entry", 1, LAST),
                (5, 1, "UnitAmount", 8, LAST),
                (5, 1, "Comment", 1, LAST),
            ],
            "BountyEntry": [
                (6, 1, "ReactionCry", 1, LAST),
                (6, 1, "TipAmount", 16, LAST),
            ],
        },
    ),
}

CASES = {
    **ENGAGEMENTS,
    **NULLS,
    **REVIEWS,
    **COMMENTS,
    **COLLECTIONS,
    **USES,
    **REACTIONS,
    **MONEY,
    **TRACKED,
    **BORDERS,
    **EVERYWHERE,
}


@pytest.mark.parametrize("rule", CASES)
def test_rows_give_the_events_worked_out_by_hand(platform: Platform, rule: str) -> None:
    """What the rule says, which is the name of the case, holds for the whole way into the target."""
    check(platform, CASES[rule])


def test_a_follow_that_became_a_hide_keeps_its_date(platform: Platform) -> None:
    """Toggling updates the row: the follow leaves, the hide bears the date of the follow."""
    platform.add("UserEngagement", userId=1, targetUserId=2, type="Follow", createdAt=JAN)
    pairs = ["User/Follower", "User/Hidden"]
    load(platform, pairs)
    assert platform.events() == [(2, 1, "Follower", 1, JAN)]
    platform.run("""UPDATE "UserEngagement" SET type = 'Hide'""")
    load(platform, pairs)
    assert platform.standing() == [(2, 1, "Hidden", 1, JAN)]


@pytest.mark.parametrize(
    ("pair", "rows"),
    [
        ("ModelVersion/Earned", [earned(10, "2024-08-01", 2_147_483_648)]),
        ("ModelVersion/Earned", [earned(10, "2024-08-01", 4_294_967_295)]),
        (
            "Model/Earned",
            [earned(10, "2024-08-01", 2_147_483_647), earned(11, "2024-08-01", 1)],
        ),
    ],
)
def test_earnings_beyond_int32_are_refused(platform: Platform, pair: str, rows: list[Row]) -> None:
    """A total the target cannot hold is rejected with its row; the target is not touched at all."""
    sound = [model(), version(10), version(11), earned(10, "2024-07-31", 5)]
    for table, values in sound:
        platform.add(table, **values)
    load(platform, pair)
    before = platform.events()
    assert [event[3] for event in before] == [5]
    for table, values in [*rows, earned(11, "2024-07-31", 6)]:
        platform.add(table, **values)
    with pytest.raises(RejectedRowsError, match=r"(?s): 1 values.*metricValue: .*: 1\n.*Earned"):
        load(platform, pair)
    assert platform.events() == before


def test_the_greatest_int32_is_loaded(platform: Platform) -> None:
    """2147483647, the greatest value the target can hold, is loaded as it is."""
    for table, values in [version(10), earned(10, "2024-08-01", 2_147_483_647)]:
        platform.add(table, **values)
    load(platform, "ModelVersion/Earned")
    assert platform.events() == [(10, 0, "Earned", 2_147_483_647, "2024-08-01 00:00:00.000")]
