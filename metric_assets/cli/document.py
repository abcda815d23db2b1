"""docs/reference/cli.md, written from the commands: `python -m metric_assets.cli.document`.

Belongs here: the words and tables of that page. Does not belong here: a fact that no command states
of itself.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator

import click

from metric_assets.cli import cli
from metric_assets.markdown import table

_NAME = "metric-assets"

_HEAD = """\
<!-- Written by `python -m metric_assets.cli.document > docs/reference/cli.md`. Change the commands
in metric_assets/cli, then run it again. -->

# Command line

Every command has `--help`. SELECTION is any number of entity types (`User`) and pairs
(`User/Follower`); without one, all pairs. Stores and [settings](settings.md) come from the
environment, never from an argument. {json} take `--json`: [exit codes and JSON](output.md).
"""


def document() -> str:
    """The page."""
    commands = list(_walk(cli, _NAME))
    named = [f"`{name.removeprefix(_NAME).strip()}`" for name, one in commands if _takes_json(one)]
    head = _HEAD.format(json=f"{', '.join(named[:-1])} and {named[-1]}")
    listed = table(
        ("command", "what it does"),
        ((f"[`{name}`](#{_anchor(name)})", _summary(one)) for name, one in commands),
    )
    return "\n".join([head, listed, *(_section(name, one) for name, one in commands)])


def _walk(group: click.Group, name: str) -> Iterator[tuple[str, click.Command]]:
    """The commands of a group, those of groups in it included, each with its whole name."""
    context = click.Context(group)
    for key in group.list_commands(context):
        command = group.get_command(context, key)
        if isinstance(command, click.Group):
            yield from _walk(command, f"{name} {key}")
        elif command is not None:
            yield f"{name} {key}", command


def _section(name: str, command: click.Command) -> str:
    usage = " ".join([name, *command.collect_usage_pieces(click.Context(command))])
    options = [one for one in command.params if isinstance(one, click.Option)]
    listed = table(
        ("option", "default", "meaning"),
        ((f"`{_spelled(one)}`", _default(one), one.help or "") for one in options),
    )
    text = f"## {name}\n\n```\n{usage}\n```\n\n{_help(command)}\n"
    return f"{text}\n{listed}" if options else text


def _takes_json(command: click.Command) -> bool:
    return any("--json" in one.opts for one in command.params)


def _spelled(option: click.Option) -> str:
    """An option as it is typed, with its value."""
    name = option.opts[-1]
    return name if option.is_flag else f"{name} {option.metavar or _kind(option)}"


def _kind(option: click.Option) -> str:
    """The values that an option takes."""
    kind = option.type
    if not isinstance(kind, click.IntRange):
        return kind.name.upper()
    if kind.max is None:
        return f"NUMBER from {kind.min}"
    return f"NUMBER {kind.min} to {kind.max}"


def _default(option: click.Option) -> str:
    default = option.default
    if not option.show_default:
        return ""
    return f"{default:,}" if isinstance(default, int) and default >= 10_000 else str(default)


def _help(command: click.Command) -> str:
    """What a command says of itself, a paragraph a line."""
    paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _summary(command: click.Command) -> str:
    return _help(command).split("\n")[0]


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


if __name__ == "__main__":
    sys.stdout.write(document())
