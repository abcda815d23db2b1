"""How a command ends: its exit code, one message for whatever went wrong, one document with --json.

Belongs here: what becomes of an exception that reaches the top. Does not belong here: a command.

Exit codes: 0 done and clean; 1 differences, failed or busy partitions; 2 wrong use, a setting or a
store that cannot be used; 70 a defect of ours; 130 interrupted.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path

import click

from metric_assets.cli import environment
from metric_assets.cli.documents import echo_document
from metric_assets.errors import MetricAssetsError, UnavailableError
from metric_assets.home import home_folder

CLEAN, DIFFERS, REFUSED, DEFECT, INTERRUPTED = 0, 1, 2, 70, 130


class Stopped(Exception):  # noqa: N818 - a signal is no error
    """A command that was interrupted: what is kept, in one sentence, and the document so far."""

    def __init__(self, sentence: str, document: Mapping[str, object] | None = None) -> None:
        super().__init__(sentence)
        self.document = document or {}


def end(command: Callable[[], object]) -> int:
    """Run a command of click's outside standalone mode and return the exit code."""
    try:
        # Outside standalone mode click returns the code of an Exit instead of raising it.
        code = command()
    except Stopped as stopped:
        return _end(INTERRUPTED, str(stopped), stopped.document)
    except (click.Abort, KeyboardInterrupt):
        return _end(INTERRUPTED, "stopped; nothing is left half done, the same command begins anew")
    except click.ClickException as error:
        error.show()
        return _end(REFUSED, error.format_message(), say=False)
    except MetricAssetsError as error:
        hint = environment.stack_hint() if isinstance(error, UnavailableError) else ""
        return _end(REFUSED, f"{error}{f'. {hint}' if hint else ''}")
    except Exception as error:
        return _end(DEFECT, _defect(error))
    return code if isinstance(code, int) else CLEAN


def _end(
    code: int, message: str, document: Mapping[str, object] | None = None, *, say: bool = True
) -> int:
    if say:
        click.echo(f"metric-assets: {message}", err=True)
    if "--json" in sys.argv[1:]:
        echo_document({**(document or {}), "error": message}, code)
    return code


def _defect(error: Exception) -> str:
    """One line about an exception that nobody expected; its traceback goes to a file."""
    from metric_assets.doctor.findings import blot

    text = blot("".join(traceback.format_exception(error)), os.environ)
    line = blot(f"{type(error).__name__}: {error}".splitlines()[0], os.environ)
    name = f"defect-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{os.getpid()}.txt"
    for folder in (home_folder() / "logs", Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            file = folder / name
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError:
            continue
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            opened.write(f"{' '.join(sys.argv[1:])}\n\n{text}")
        return f"a defect of metric-assets: {line}. The traceback is in {file}: please report it"
    return f"a defect of metric-assets: {line}. No traceback could be written: please report it"
