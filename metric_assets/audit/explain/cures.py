"""What cures a cause: a command, or what to do where no command does."""

from __future__ import annotations

from metric_assets.explanation import IN_TARGET, LEGACY, Cause


def cure(cause: Cause, pair: str, key: str, *, live: bool = False) -> str:
    """What to do about a cause in a range; ``live``: it is about live events."""
    load = f"metric-assets backfill {pair} --range {key}"
    if live:
        return _live_cure(cause, load)
    if cause in LEGACY:
        return "nothing to load: compute the legacy counter again"
    if cause is Cause.WRONG_CUTOFF:
        return f"let the platform write from the cutoff on only; `{load}` takes the overlap out"
    if cause in IN_TARGET or cause is Cause.BORDER:
        return f"`{load}` repairs it; find who writes to the target below the cutoff"
    return f"`{load}` repairs it"


def _live_cure(cause: Cause, load: str) -> str:
    heal = f"if that will never be done, `{load} --heal-live` makes the counter right"
    match cause:
        case Cause.LIVE_LOST:
            return f"replay the live events of these hours; {heal}"
        case Cause.WRONG_CUTOFF:
            first = "set METRIC_ASSETS_CUTOFFS to the instant at which live events begin"
            return f"{first}, then `{load}`"
        case Cause.UNKNOWN:
            return "look at the rows: no load changes what live events lack or have too many"
        case _:
            return f"take the copies out of the live events; {heal}"
