"""The mirror of ModelVersion in ClickHouse."""

from __future__ import annotations

import pytest

from metric_assets_tests.integration.platforms import TARGET, Platform, stores_of

pytestmark = pytest.mark.integration


def test_a_refresh_replaces_all_of_it(platform: Platform) -> None:
    """What the source no longer has is gone, down to the last row; what is new is there. Servers
    since 26.9 refuse to replace a partition by an empty one unless they are told to.
    """
    mirror = stores_of(platform).mirror
    source = stores_of(platform).postgres
    rows = f"SELECT id, modelId FROM {TARGET}__versions ORDER BY id"
    platform.add("ModelVersion", id=1, modelId=10)
    platform.add("ModelVersion", id=2, modelId=20)
    assert mirror.refresh(source) == 2
    assert platform.query(rows) == [(1, 10), (2, 20)]
    platform.run('DELETE FROM "ModelVersion"')
    assert mirror.refresh(source) == 0
    assert platform.query(rows) == []
    platform.add("ModelVersion", id=3, modelId=30)
    assert mirror.refresh(source) == 1
    assert platform.query(rows) == [(3, 30)]
