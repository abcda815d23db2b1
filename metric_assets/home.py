"""The folder of the embedded stack, the grids and Dagster's home."""

from __future__ import annotations

import os
from pathlib import Path

from metric_assets.errors import SettingsError
from metric_assets.settings import DEFAULT_HOME, HOME


def home_folder() -> Path:
    """Where the embedded stack, the grids and Dagster's home lie."""
    return Path(os.environ.get(HOME) or DEFAULT_HOME).absolute()


def dagster_home() -> Path:
    """Dagster's home: DAGSTER_HOME, or one below ours that shares the project's dagster.yaml.

    Whichever it is, this process has it in its environment afterwards. Raises SettingsError for one
    that is no folder.
    """
    folder = home_folder() / "dagster"
    given = os.environ.get("DAGSTER_HOME")
    if given and Path(given) != folder:
        if not Path(given).is_absolute() or not Path(given).is_dir():
            raise SettingsError(
                f"DAGSTER_HOME: {given} is not the absolute path of a folder that exists; make it"
                " and put a dagster.yaml into it (the project's will do), or unset DAGSTER_HOME to"
                f" have one below {HOME}"
            )
        return Path(given)
    ours = folder / "dagster.yaml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not ours.exists():
            ours.unlink(missing_ok=True)
            ours.symlink_to(project_file("dagster.yaml"))
    except OSError as error:
        raise home_error(error) from None
    os.environ["DAGSTER_HOME"] = str(folder)
    return folder


def home_error(error: OSError) -> SettingsError:
    """What an error of the file system below our home means."""
    at = f" ({error.filename})" if error.filename else ""
    return SettingsError(
        f"{HOME}: {home_folder()} cannot be used: {error.strerror or error}{at}; name a folder that"
        " can be made and written to"
    )


def project_file(name: str) -> Path:
    """A file of the project's top level: in a checkout there, installed inside the package."""
    package = Path(__file__).parent
    installed = package / "_data" / name
    return installed if installed.exists() else package.parent / name
