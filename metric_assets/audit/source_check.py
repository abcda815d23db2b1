"""The source check: what a load result says of a pair and range, as a verdict and in words.

Belongs here: whether a counter equals its source, and the sentence that tells why not. Does not
belong here: how a load result comes about (pipeline), or how a verdict is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from metric_assets.catalog.model import Pair
from metric_assets.explanation import Explanation
from metric_assets.live import Stream
from metric_assets.load_result import LoadResult
from metric_assets.ranges import IdRange


class SourceWord(str, Enum):
    """A verdict in a word or two; the gravest last."""

    EQUAL = "equal"
    BEHIND = "stream behind"
    DRIFTS = "live drift"
    DIFFERS = "differs"


#: What a failed verdict on legacy comes from where the source check passes.
LEGACY_DRIFT = (
    "legacy drift: the counter equals its source; the legacy counter is stale or was changed"
)


@dataclass(frozen=True)
class SourceVerdict:
    """What a dry run, or a materialization, verified of a pair and range; ``explanation`` says why
    it fails, where that was asked, and ``looked`` that late live events have been looked at since.
    """

    load_result: LoadResult
    explanation: Explanation | None = None
    looked: bool = False

    @property
    def word(self) -> SourceWord:
        """The gravest thing that was found."""
        result = self.load_result
        if result.differs:
            return SourceWord.DIFFERS
        if result.drifts:
            return SourceWord.DRIFTS
        if result.stream is Stream.BEHIND:
            return SourceWord.BEHIND
        return SourceWord.EQUAL

    @property
    def passed(self) -> bool:
        """Whether the counter equals its source."""
        return self.word is SourceWord.EQUAL

    @property
    def severe(self) -> bool:
        """Whether a repair is due: the backfilled part itself differs."""
        return self.word is SourceWord.DIFFERS

    @property
    def pair(self) -> Pair:
        """What was verified."""
        return self.load_result.pair

    @property
    def ids(self) -> IdRange:
        """In which range."""
        return self.load_result.ids

    @property
    def sentence(self) -> str:
        """The verdict in words, with what to do if it fails."""
        result = self.load_result
        if self.passed:
            instant = f" as of {result.instant:%Y-%m-%dT%H:%M:%SZ}" if result.instant else ""
            told = _told(result)
            return f"{self.load_result.place}: the counter equals its source{instant}{told}"
        text = f"{self.load_result.place}: {self.cause}"
        if result.refused:
            text += f"; a repair would be refused: {result.refused}"
        return f"{text}; {cure}" if (cure := self.cure) else text

    @property
    def explained(self) -> bool:
        """Whether there is an explanation of why it fails."""
        return self.explanation is not None and bool(self.explanation.findings)

    @property
    def figures(self) -> str:
        """How much differs, without what may lie behind it."""
        return cause(self.load_result, guessing=False)

    @property
    def cause(self) -> str:
        """Why it fails: the causes by their codes, or else what the load result says."""
        why = cause(self.load_result, guessing=not self.explained)
        if self.explanation is None or not self.explained:
            return why
        return f"{self.explanation.summary}; {why}"

    @property
    def cure(self) -> str:
        """The command that repairs it; empty where none can."""
        if self.explanation is not None and self.explained:
            return "; ".join(self.explanation.cures)
        pair = self.pair.key
        match self.word:
            case SourceWord.DIFFERS:
                return f"`metric-assets reconcile {pair} --repair` repairs it"
            case SourceWord.DRIFTS:
                return (
                    "replay the live events of these hours; if that will never be done,"
                    f" `metric-assets backfill {pair} --heal-live` makes the counter right"
                )
            case SourceWord.BEHIND:
                return "it is verified again once the stream has caught up"
            case _:
                return ""


def cause(result: LoadResult, *, guessing: bool = True) -> str:
    """Why a counter does not equal its source, or that it does, by what the load result found;
    ``guessing`` adds what may lie behind it.
    """
    reasons = []
    if result.differs:
        reasons.append(_load_drift(result, guessing=guessing))
    if result.drifts:
        live = result.live
        reasons.append(
            f"live drift: live events of the counter lack {live.live_missing} and have"
            f" {live.live_phantom} too many; below the cutoff"
            f" {'more' if result.differs else 'nothing'} is wrong"
        )
    if result.stream is Stream.BEHIND:
        reasons.append(
            "not verified: the stream is behind, live events newer than rows of the source have not"
            " arrived"
        )
    return "; ".join(reasons) or LEGACY_DRIFT


def _load_drift(result: LoadResult, *, guessing: bool) -> str:
    """What the target holds below the cutoff beside what is wanted."""
    missing, surplus = result.inserted, result.removed
    text = f"load drift: {missing} events missing, {surplus} surplus below the cutoff"
    if not guessing:
        pass
    elif missing and not surplus:
        text += " (never loaded, lost from the target, or added to the source since)"
    elif surplus and not missing:
        text += " (written twice or by somebody else, or gone from the source since)"
    else:
        text += " (changed: another user, time or value than the source has)"
    return text + _told(result, only_gone=True)


def _told(result: LoadResult, *, only_gone: bool = False) -> str:
    """What live events explain, and what none does."""
    live = result.live
    parts = []
    if not only_gone and (live.withdrawn or live.overlap):
        parts.append(f"withdrawn {live.withdrawn} and overlap {live.overlap} by live events")
    if not only_gone and live.unsettled:
        parts.append(f"{live.unsettled} keys unsettled within {live.unsettled_width}")
    if live.gone_untold:
        parts.append(f"{live.gone_untold} gone from the source without a live event")
    if live.orphaned:
        parts.append(f"{live.orphaned} of entities that no longer exist")
    return f"; {', '.join(parts)}" if parts else ""
