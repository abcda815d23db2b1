"""What a shape of an object is made of: keys, each with a type and a meaning (shapes)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Key(NamedTuple):
    """What a key holds, and what that means."""

    type: str
    meaning: str


#: The keys of an object, all of them always there.
Shape = Mapping[str, Key]


def keys(type_: str, meaning: str, *names: str) -> dict[str, Key]:
    """Several keys of one type and meaning."""
    return dict.fromkeys(names, Key(type_, meaning))
