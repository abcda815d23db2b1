"""What Dagster loads, built from the environment's settings; nothing connects when it is imported.

Belongs here: the module-level definitions. Does not belong here: how they are built
(orchestration/build).
"""

from __future__ import annotations

from metric_assets.orchestration.build import build_definitions
from metric_assets.settings import Settings

__all__ = ["build_definitions", "defs"]

defs = build_definitions(Settings.load())
