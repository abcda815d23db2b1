"""`metric-assets explain`: why counters differ, the rows of both sides, and what cures it.

Belongs here: the page and the document. Does not belong here: how a cause is found (audit/explain).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Any

import click

from metric_assets.cli import completions, console, environment, tables
from metric_assets.cli.documents import echo_document
from metric_assets.cli.exits import Stopped
from metric_assets.explanation import Explanation, Finding
from metric_assets.ranges import IdRange
from metric_assets.settings import Settings

if TYPE_CHECKING:
    # Imported where they are used: Dagster and the drivers cost seconds that `--help` need not pay.
    from metric_assets.catalog.model import Pair
    from metric_assets.operations.dry_run import Missed
    from metric_assets.operations.explain import Explained

#: Entities and hours that a finding names.
_NAMED = 5
#: Columns of text that is read.
_PROSE = 110


@click.command()
@click.argument("selection", nargs=-1, required=True, shell_complete=completions.selection)
@click.option(
    "--range",
    "key",
    metavar="A-B",
    help="Ids, both inclusive; all partitions it touches.",
    shell_complete=completions.ranges,
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def explain(selection: tuple[str, ...], key: str | None, as_json: bool) -> None:
    """Say why counters of SELECTION differ from their source or from legacy, and what cures it."""
    settings = environment.settings()
    pairs = settings.catalog.select(selection)
    in_sync = tell(pairs, IdRange.parse(key) if key else None, settings, as_json=as_json)
    raise click.exceptions.Exit(0 if in_sync else 1)


def tell(
    pairs: Sequence[Pair], wanted: IdRange | None, settings: Settings, *, as_json: bool
) -> bool:
    """Explain ``pairs`` in the ranges that ``wanted`` touches, or all; whether nothing differs."""
    from metric_assets.operations.backfill import plan_work, stores_answer
    from metric_assets.operations.dry_run import Missed
    from metric_assets.orchestration.running import explain as explanations

    work = plan_work(pairs, wanted, settings)
    stores_answer(settings)
    explained: list[Explained] = []
    missed: list[Missed] = []
    try:
        pieces = [piece for entity in work for piece in entity.pieces]
        with console.progress_bar(sum(entity.steps for entity in work)) as bar:
            for found in explanations(pieces, settings, bar):
                if isinstance(found, Missed):
                    missed.append(found)
                else:
                    explained.append(found)
    except KeyboardInterrupt:
        raise Stopped("stopped; explaining writes nothing: the same command begins anew") from None
    differing = [one for one in explained if not one.in_sync]
    sentence = _closing(explained, differing, missed)
    in_sync = not differing and not missed
    if as_json:
        document = {
            "sentence": sentence,
            "explained": [one.as_dict() for one in explained],
            "missed": [one.as_dict() for one in missed],
            "remarks": bar.remarks,
        }
        echo_document(document, 0 if in_sync else 1)
        return in_sync
    for one in explained:
        _show(one)
    for miss in missed:
        click.echo(f"{miss.ids.key}: {miss.error}", err=True)
    click.echo(sentence)
    return in_sync


def _closing(
    explained: Sequence[Explained], differing: Sequence[Explained], missed: Sequence[Missed]
) -> str:
    ranges = "1 range" if len(explained) == 1 else f"{len(explained)} ranges"
    text = f"{len(differing)} of {ranges} differ" if differing else f"Nothing differs in {ranges}"
    unread = f"; {len(missed)} could not be looked at" if missed else ""
    return f"{text}{unread}."


def _show(explained: Explained) -> None:
    """The page of a pair and range: nothing of what is in sync."""
    verdict = explained.verdict
    _explanation(f"{explained.source.place}: {verdict.figures}", explained.source)
    if explained.legacy is not None and explained.legacy.findings:
        allowed = " (allowed by the pair's rule)" if explained.allowed else ""
        _explanation(f"{explained.legacy.place}: legacy differs{allowed}", explained.legacy)


def _explanation(headline: str, explanation: Explanation) -> None:
    if not explanation.findings:
        return
    click.secho(headline, bold=True)
    if explanation.note:
        click.echo(f"  {explanation.note}")
    for number, finding in enumerate(explanation.findings, 1):
        _finding(number, finding)
    click.echo()


def _finding(number: int, finding: Finding) -> None:
    click.echo()
    headline = _hanging(f"  {number}. ", finding.headline)
    click.secho(headline, fg="red" if finding.known else "yellow")
    for name, text in _facts(finding).items():
        before = f"     {name:<10} "
        # What is copied stays in one line.
        if text:
            click.echo(f"{before}{text}" if name == "do" else _hanging(before, text))
    rows = [_row(sample) for sample in finding.samples]
    if rows:
        columns = list(rows[0])
        cells = [[row[column] for column in columns] for row in rows]
        tables.show("", columns, cells, prose=("wanted", "held"))


def _hanging(before: str, text: str) -> str:
    """Text after some words, its further lines below its first."""
    width = min(tables.out().width, _PROSE)
    return fill(
        f"{before}{text}",
        width,
        subsequent_indent=" " * len(before),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _facts(finding: Finding) -> Mapping[str, str]:
    """What is told of a finding, a line each."""
    worst = [f"{entity} ({rows:,})" for entity, rows in finding.worst[:_NAMED]]
    largest = sorted(finding.hours, key=lambda hour: -hour[1])[:_NAMED]
    hours = [f"{hour[:13]}h ({rows:,})" for hour, rows in sorted(largest)]
    candidates = " or ".join(one.value for one in finding.candidates)
    return {
        "detail": finding.detail,
        "could be": candidates,
        finding.sure: finding.test,
        "entities": ", ".join(worst),
        "hours": ", ".join(hours),
        "do": finding.cure,
    }


def _row(sample: Mapping[str, Any]) -> dict[str, object]:
    """A sample as a row of a table: what is wanted beside what is held."""
    row: dict[str, object] = {}
    for name, value in sample.items():
        if isinstance(value, dict) or name in {"wanted", "held"}:
            told = value or {}
            row[name] = (
                f"{told['createdAt']} user {told['userId']} {told['value']:+d}" if told else "-"
            )
        else:
            row[name] = value
    return row
