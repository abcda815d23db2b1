"""What a shell completes: entities, pairs and ranges of the catalog and grid in use.

Belongs here: values of arguments. Does not belong here: commands and options, which click knows.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

import click
from click.shell_completion import CompletionItem, split_arg_string

from metric_assets.cli import environment
from metric_assets.errors import MetricAssetsError
from metric_assets.settings import Settings


def entities(_: click.Context, __: click.Parameter, typed: str) -> list[CompletionItem]:
    """Entity types."""
    settings = _settings()
    return _items({one.name: one.description for one in settings.catalog.entities}, typed)


def pairs(_: click.Context, __: click.Parameter, typed: str) -> list[CompletionItem]:
    """Pairs."""
    return _items({key: one.description for key, one in _settings().catalog.pairs.items()}, typed)


def selection(
    context: click.Context, parameter: click.Parameter, typed: str
) -> list[CompletionItem]:
    """Entity types, and pairs once there is a slash or no entity type is left."""
    found = entities(context, parameter, typed)
    if "/" in typed or len(found) <= 1:
        found += pairs(context, parameter, typed)
    chosen = context.params.get("selection") or ()
    return [item for item in found if item.value not in chosen]


def ranges(context: click.Context, _: click.Parameter, typed: str) -> list[CompletionItem]:
    """Partition keys of the entity types that are selected so far."""
    settings = _settings()
    # Before the value of an option is there, click has not parsed the line; the shell passes it on.
    chosen = context.params.get("selection") or split_arg_string(os.environ.get("COMP_WORDS", ""))
    names = dict.fromkeys(one.partition("/")[0] for one in chosen)
    known = [name for name in names if name in settings.catalog.entity]
    keys = [ids.key for name in known for ids in settings.grid_of(name)]
    return _items(dict.fromkeys(keys, ""), typed)


def _items(values: Mapping[str, str], typed: str) -> list[CompletionItem]:
    return [
        CompletionItem(value, help=text or None)
        for value, text in values.items()
        if value.startswith(typed)
    ]


def _settings() -> Settings:
    """The settings in use; the defaults where they cannot be read: a shell shows no message."""
    try:
        environment.load_environment()
        return environment.settings()
    except MetricAssetsError:
        return Settings()
