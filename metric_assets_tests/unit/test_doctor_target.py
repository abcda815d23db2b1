"""What doctor reads out of a target's definition."""

from __future__ import annotations

import pytest

from metric_assets.doctor.target import own_path

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("made", "path"),
    [
        ("MergeTree ORDER BY entityType", ""),
        ("ReplicatedMergeTree ORDER BY entityType", ""),
        ("ReplicatedMergeTree('/t/{uuid}/{shard}', '{replica}') ORDER BY entityType", ""),
        ("SharedMergeTree('/t/{uuid}/{shard}', '{replica}') ORDER BY entityType", ""),
        (
            "ReplicatedMergeTree('/t/{shard}/events', '{replica}') ORDER BY entityType",
            "/t/{shard}/events",
        ),
        ("ReplicatedMergeTree('/t/events', 'a') COMMENT '{uuid}'", "/t/events"),
    ],
)
def test_a_path_in_keeper_for_one_table_is_noticed(made: str, path: str) -> None:
    """A stage made AS such a target could not be made: doctor says so before the first row moves."""
    assert own_path(made) == path
