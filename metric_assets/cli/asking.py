"""Asking before something is written.

Belongs here: the question, and who cannot be asked. Does not belong here: what is shown before it.
"""

from __future__ import annotations

import sys

import click


def refuse_unasked(command: str, *, yes: bool) -> None:
    """Raise UsageError where nobody can be asked and nobody has said yes beforehand."""
    if not yes and not sys.stdin.isatty():
        raise click.UsageError(
            f"{command} asks before it writes, and standard input is no terminal: nothing was"
            " written. Give --yes to go ahead without being asked"
        )


def confirm(sentence: str, *, yes: bool) -> bool:
    """Whether to go ahead; the question goes to stderr."""
    return yes or click.confirm(f"{sentence} Go ahead?", default=False, err=True)
