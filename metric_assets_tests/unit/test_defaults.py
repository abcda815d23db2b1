from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from metric_assets import defaults
from metric_assets.live import LiveRules
from metric_assets.plan import RemovalGuard
from metric_assets.settings import Settings

pytestmark = pytest.mark.unit


def test_code_called_without_settings_takes_their_defaults() -> None:
    """A default is one number, whoever falls back to it."""
    settings = Settings.load({})
    assert LiveRules() == LiveRules(settings.live_lag, settings.clock_skew)
    assert RemovalGuard() == RemovalGuard(settings.max_removed_share, settings.max_replica_lag)
    assert settings.target_table == defaults.TARGET_TABLE
    assert settings.statement_timeout == defaults.STATEMENT_TIMEOUT


def test_the_cutoff_that_is_known_is_not_judged(tmp_path: Path) -> None:
    """Whoever only looks is told what is set: one of its own, the common one, a future one, none."""
    past = datetime(2024, 1, 1, tzinfo=timezone.utc)
    future = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(days=1)
    settings = Settings(home=tmp_path, cutoff=future, cutoffs={"Tag": past})
    assert settings.known_cutoff("Tag") == past
    assert settings.known_cutoff("User") == future
    assert Settings.load({}).known_cutoff("User") is None
