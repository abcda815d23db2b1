"""Alerts: what is told of problems, to whom it was told before, and in which words.

Belongs here: from problems that were seen to one message, or none. Does not belong here: finding
problems (orchestration/alerts), sending a message (stores/messages).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

#: Differences that a message names, the largest first; ranges that one of them names.
TOP, _NAMED = 5, 3
#: Problems that are remembered, and for how long after they were last told: a grid or a catalog may
#: have changed, so that nobody will ever see them well again.
_KEPT, _KEPT_DAYS = 5_000, 90


@dataclass(frozen=True)
class Problem:
    """Something that is not well: a check of a range, a run, the audit, a finding.

    ``subject`` is what is wrong (a pair, a job), ``what`` the check that says so, ``place`` the
    range, if it is of one. ``word`` is its state in a word or two: another word is news. ``size``
    orders problems; ``numbers`` are shown; ``cause`` is a sentence, ``cure`` what to do next;
    ``path`` leads to its page, below the UI's address.
    """

    what: str
    subject: str
    word: str
    place: str = ""
    size: float = 0
    numbers: Mapping[str, float] = field(default_factory=dict)
    cause: str = ""
    cure: str = ""
    path: str = ""

    @property
    def key(self) -> str:
        """What it is about, whatever its state."""
        return " ".join(filter(None, [self.what, self.subject, self.place]))


@dataclass(frozen=True)
class Seen:
    """What was looked at: problems, and keys of what is well. ``source`` says by what."""

    problems: tuple[Problem, ...] = ()
    well: frozenset[str] = frozenset()
    source: str = ""

    def then(self, later: Seen) -> Seen:
        """This, and what was seen later, which counts where both saw the same."""
        known = {problem.key: problem for problem in self.problems if problem.key not in later.well}
        found = {problem.key: problem for problem in later.problems}
        source = ", ".join(dict.fromkeys(filter(None, [self.source, later.source])))
        well = (self.well - found.keys()) | later.well
        return Seen(tuple({**known, **found}.values()), well, source)


@dataclass(frozen=True)
class Told:
    """A problem that was told: its word, and when."""

    word: str
    at: datetime


@dataclass(frozen=True)
class Message:
    """What is sent, as plain text."""

    title: str
    body: str


#: What was told, by the keys of problems.
State = Mapping[str, Told]


def decide(
    state: State, seen: Seen, now: datetime, repeat: timedelta, ui: str = ""
) -> tuple[Message | None, State]:
    """The message to send, and what is then told; None if there is nothing new.

    New is a problem that was not told, has another word, or was told longer than ``repeat`` ago,
    and what was told and is well again. A message names all that was seen, so that what is not new
    is not told apart an hour later. ``ui`` is the UI's address, for links.
    """
    news = [
        problem
        for problem in seen.problems
        if (told := state.get(problem.key)) is None
        or told.word != problem.word
        or now - told.at >= repeat
    ]
    recovered = [key for key in state if key in seen.well]
    kept = {key: told for key, told in state.items() if key not in seen.well}
    if not news and not recovered:
        return None, kept
    message = _message(seen, news, recovered, len(kept.keys() - _keys(seen.problems)), now, ui)
    if seen.problems:
        kept |= {problem.key: Told(problem.word, now) for problem in seen.problems}
    oldest = now - timedelta(days=_KEPT_DAYS)
    latest = sorted(kept.items(), key=lambda item: item[1].at, reverse=True)[:_KEPT]
    return message, {key: told for key, told in latest if told.at >= oldest}


def trial(now: datetime, who: str) -> Message:
    """A message that says that messages arrive."""
    return Message(
        "metric_assets: a test",
        f"Sent by {who} at {now:%Y-%m-%d %H:%M} UTC, to see whether alerts arrive here. Nothing is"
        " wrong.",
    )


def dump(state: State) -> str:
    """The state as text."""
    return json.dumps({key: [told.word, told.at.isoformat()] for key, told in state.items()})


def parse(text: str | None) -> State:
    """The state of a text; empty for none, or for one that cannot be read: then all is news."""
    try:
        return {
            key: Told(str(word), datetime.fromisoformat(at))
            for key, (word, at) in json.loads(text or "{}").items()
        }
    except (ValueError, TypeError, AttributeError):
        return {}


def _keys(problems: Iterable[Problem]) -> set[str]:
    return {problem.key for problem in problems}


def _message(  # noqa: PLR0913 - what is told
    seen: Seen,
    news: Sequence[Problem],
    recovered: Sequence[str],
    elsewhere: int,
    now: datetime,
    ui: str,
) -> Message:
    groups = _grouped(_causes(seen.problems))
    groups.sort(key=lambda one: (one.key not in _keys(_grouped(news)), -one.size, one.key))
    where = f"Seen by {seen.source} at" if seen.source else "Seen at"
    lines = [f"{where} {now:%Y-%m-%d %H:%M} UTC."]
    for number, problem in enumerate(groups[:TOP], 1):
        lines += ["", *_lines(number, problem, ui)]
    if len(groups) > TOP:
        lines += ["", f"… and {len(groups) - TOP} more: `metric-assets reconcile` names them."]
    if recovered:
        named = ", ".join(recovered[:TOP])
        more = f" and {len(recovered) - TOP} more" if len(recovered) > TOP else ""
        lines += ["", f"Well again: {named}{more}."]
    if elsewhere:
        lines += ["", f"Told before and not looked at now: {elsewhere}."]
    return Message(_title(groups, len(recovered), elsewhere), "\n".join(lines))


def _title(groups: Sequence[Problem], recovered: int, elsewhere: int) -> str:
    if not groups:
        rest = f", {elsewhere} others were told before" if elsewhere else ""
        return f"metric_assets: well again ({recovered}){rest}"
    if len(groups) == 1:
        return f"metric_assets: {groups[0].subject}: {groups[0].word}"
    words: dict[str, int] = {}
    for problem in groups:
        words[problem.word] = words.get(problem.word, 0) + 1
    counted = ", ".join(f"{count} {word}" for word, count in words.items())
    return f"metric_assets: {len(groups)} problems ({counted})"


def _causes(problems: Sequence[Problem]) -> list[Problem]:
    """Without what follows from others: where events are missing, legacy differs as well."""
    wrong = {(one.subject, one.place) for one in problems if one.what == "matches_source"}
    return [
        one
        for one in problems
        if one.what != "matches_legacy" or (one.subject, one.place) not in wrong
    ]


def _grouped(problems: Iterable[Problem]) -> list[Problem]:
    """One problem for all ranges in which a subject has the same; the cause is the largest's."""
    together: dict[tuple[str, str, str], list[Problem]] = {}
    for problem in problems:
        together.setdefault((problem.what, problem.subject, problem.word), []).append(problem)
    found = []
    for group in together.values():
        first, *others = sorted(group, key=lambda one: -one.size)
        places = [one.place for one in (first, *others) if one.place]
        more = f" and {len(places) - _NAMED} more" if len(places) > _NAMED else ""
        numbers: dict[str, float] = {}
        for one in group:
            for name, number in one.numbers.items():
                numbers[name] = numbers.get(name, 0) + number
        found.append(
            replace(
                first,
                place=", ".join(places[:_NAMED]) + more,
                size=sum(one.size for one in group),
                numbers=numbers,
            )
        )
    return found


def _lines(number: int, problem: Problem, ui: str) -> list[str]:
    place = f" in {problem.place}" if problem.place else ""
    numbers = ", ".join(f"{value:,.10g} {name}" for name, value in problem.numbers.items() if value)
    lines = [
        f"{number}. {problem.subject}{place}: {problem.word}{f' ({numbers})' if numbers else ''}"
    ]
    more = [
        problem.cause,
        f"Next: {problem.cure}" if problem.cure else "",
        f"{ui.rstrip('/')}{problem.path}" if ui and problem.path else "",
    ]
    return [*lines, *(f"   {text}" for text in more if text)]
