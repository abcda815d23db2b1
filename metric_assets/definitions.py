"""What Dagster loads, built from the environment's settings when it is asked for.

Belongs here: the one place that Dagster looks at. Does not belong here: how definitions are built
(orchestration/build).
"""

from __future__ import annotations

import dagster as dg

from metric_assets.orchestration.build import build_definitions
from metric_assets.settings import Settings


@dg.definitions
def defs() -> dg.Definitions:
    """All definitions; nothing connects."""
    return build_definitions(Settings.load())
