"""Who runs what Dagster launches, and whether it has the same ranges as this process.

Belongs here: what of a dagster.yaml decides where settings have to be. Does not belong here:
Dagster, which reads the file itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from metric_assets.doctor.findings import FAILED, Finding
from metric_assets.errors import SettingsError
from metric_assets.settings import RANGES, Settings, dump_grids

_SUBJECT = "Dagster: launcher"
#: The launcher of a dagster.yaml that names none: a run is a process beside the code location.
_HERE = "DefaultRunLauncher"


def examine(environ: Mapping[str, str], settings: Settings) -> Iterator[Finding]:
    """Grids that are only in a file are not those of a run in a container or on another machine.

    Raises SettingsError for a dagster.yaml that cannot be read.
    """
    home = environ.get("DAGSTER_HOME")
    launcher = _launcher(Path(home) / "dagster.yaml") if home else _HERE
    if launcher == _HERE:
        yield Finding(_SUBJECT, "runs are processes of the machine that has the definitions")
        return
    if environ.get(RANGES):
        yield Finding(_SUBJECT, f"{launcher}; ranges are those of {RANGES}, for every run")
        return
    if not settings.grids:
        yield Finding(_SUBJECT, f"{launcher}; ranges are the catalog's, for every run")
        return
    value = dump_grids(settings.grids, indent=None).strip()
    yield Finding(
        _SUBJECT,
        f"{launcher} starts runs elsewhere, and {settings.ranges_file} holds the ranges of"
        f" {', '.join(settings.grids)}: a run that does not have the file has other partitions",
        f"Set {RANGES} wherever definitions are loaded, here too, to {value}",
        FAILED,
    )


def _launcher(file: Path) -> str:
    try:
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        configured: Any = yaml.safe_load(text) or {}
        launcher = configured.get("run_launcher") or {}
        return str(launcher.get("class") or _HERE)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, AttributeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise SettingsError(f"DAGSTER_HOME: {file} cannot be read: {reason}") from None
