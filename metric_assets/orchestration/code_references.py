"""Where a pair is written down: links from the UI to its row of the catalog and its .sql file.

Belongs here: the links. Does not belong here: what else the UI shows of a pair (metadata).
"""

from __future__ import annotations

import warnings
from pathlib import Path

import dagster as dg

import metric_assets
from metric_assets import sql
from metric_assets.catalog.model import Pair
from metric_assets.catalog.scan import Scan

_PACKAGE = Path(metric_assets.__file__).parent


def code_references(scan: Scan, pair: Pair, url: str | None) -> dg.CodeReferencesMetadataValue:
    """The row and the statement of a pair.

    ``url`` is where the repository's files are shown; without it, and for files of another
    catalog, the links are paths of this machine.
    """
    row, line = pair.written
    statement = sql.path(scan.name, scan.folder)
    with warnings.catch_warnings():
        # Used knowingly; pyproject.toml pins Dagster.
        warnings.simplefilter("ignore", dg.BetaWarning)
        return dg.CodeReferencesMetadataValue(
            code_references=[
                _reference(statement, 1, f"sql/{scan.name}.sql", url),
                _reference(Path(row), line, f"{pair.key}, {Path(row).name}", url),
            ]
        )


def _reference(
    file: Path, line: int, label: str, url: str | None
) -> dg.LocalFileCodeReference | dg.UrlCodeReference:
    place = _in_repository(file)
    if not url or place is None:
        return dg.LocalFileCodeReference(file_path=str(file), line_number=line, label=label)
    return dg.UrlCodeReference(url=f"{url.rstrip('/')}/{place}#L{line}", label=label)


def _in_repository(file: Path) -> str | None:
    """A file's path in the repository, from a checkout or an installed package alike."""
    for folder, name in ((sql.root(), "sql"), (_PACKAGE, "metric_assets")):
        if file.is_relative_to(folder):
            return f"{name}/{file.relative_to(folder).as_posix()}"
    return None
