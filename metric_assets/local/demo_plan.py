"""How large the demo is: one number in, the size of every table out.

Belongs here: the demo's calendar, the share each table has of a million events, the floor below
which a table would lose one of its shapes. Does not belong here: SQL, connections.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Final

DEMO_START: Final = datetime(2022, 11, 15, tzinfo=timezone.utc)
#: The demo's world stands still here: no row is younger.
DEMO_NOW: Final = datetime(2025, 11, 1, tzinfo=timezone.utc)
DEMO_CUTOFF: Final = datetime(2025, 10, 1, tzinfo=timezone.utc)
DEMO_CUTOFFS: Final = {"Image": datetime(2024, 8, 7, 15, 44, 39, 44000, tzinfo=timezone.utc)}

#: Table (or part of one) -> rows for a million events, and the least it needs to keep its shapes.
SHARES: Final[dict[str, tuple[int, int]]] = {
    "users": (30_000, 90),
    "tags": (3_000, 12),
    "models": (2_000, 12),
    "versions": (4_400, 26),
    "posts": (12_000, 30),
    "images": (36_000, 90),
    "articles": (2_000, 12),
    "bounties": (1_500, 10),
    "collections": (20_000, 100),
    "engagements": (70_000, 130),
    "reviews": (8_000, 30),
    "model_engagements": (3_000, 20),
    "comments": (3_000, 20),
    "image_comments": (24_000, 30),
    "post_comments": (10_000, 20),
    "article_comments": (5_000, 12),
    "bounty_comments": (8_000, 12),
    "image_reactions": (228_000, 300),
    "resources": (6_000, 20),
    "tag_engagements": (50_000, 80),
    "article_reactions": (18_000, 70),
    "article_engagements": (4_000, 10),
    "bounty_engagements": (25_000, 30),
    "entries": (6_000, 20),
    "benefactors": (8_000, 24),
    "entry_reactions": (35_000, 60),
    "model_tips": (1_000, 8),
    "image_tips": (8_000, 12),
    "article_tips": (2_000, 8),
    "entry_tips": (2_000, 12),
    "goals": (300, 15),
    "donations": (1_000, 20),
    "contributors": (65_000, 120),
    "items": (75_000, 150),
    "reactions": (50_000, 120),
    "downloads": (15_000, 60),
    "generations": (9_000, 40),
    "compensations": (4_000, 30),
}

#: Things that are picked from with three widths (all, the busier, the busiest): see demo.pick.
PICKED: Final = {"posts", "images", "articles", "models"}


def sizes(scale: int) -> dict[str, int]:
    """Return the row count of every table for about ``scale`` backfilled events."""
    if scale < 1:
        raise ValueError(f"scale: {scale} is not a positive number of events")
    found = {
        name: max(share * scale // 1_000_000, floor) for name, (share, floor) in SHARES.items()
    }
    for name in PICKED:
        found[name] = next_prime(found[name])
        found[f"{name}_some"] = next_prime(found[name] // 8 + 3)
        found[f"{name}_few"] = next_prime(found[name] // 60 + 2)
    found["actors"] = next_prime(found["users"] * 2 // 3)
    found["regulars"] = next_prime(found["actors"] // 8 + 3)
    found["addicts"] = next_prime(found["actors"] // 60 + 3)
    return found


def next_prime(number: int) -> int:
    """Return the least prime at or above ``number``: a stride over a prime count never repeats."""
    candidate = max(number, 2)
    while any(candidate % divisor == 0 for divisor in range(2, int(candidate**0.5) + 1)):
        candidate += 1
    return candidate


def calendar() -> dict[str, datetime | int]:
    """Return the instants that the demo's SQL is told."""
    return {
        "start": DEMO_START,
        "now": DEMO_NOW,
        "cutoff": DEMO_CUTOFF,
        "image_cutoff": DEMO_CUTOFFS["Image"],
        "span_ms": (DEMO_NOW - DEMO_START) // timedelta(milliseconds=1),
    }


def cutoff_of(entity: str) -> datetime:
    """Return the demo's exclusive cutoff of an entity type."""
    return DEMO_CUTOFFS.get(entity, DEMO_CUTOFF)
