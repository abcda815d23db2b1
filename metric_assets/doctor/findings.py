"""What an examination says: findings, how grave they are, and that no secret is in them.

Belongs here: the shape of a finding, its words for sizes and spans, what an error becomes. Does not
belong here: an examination.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from urllib.parse import parse_qs, unquote, urlsplit

from metric_assets.errors import MetricAssetsError, UnavailableError
from metric_assets.settings import ALERT_URLS, CLICKHOUSE_URL, DAGSTER_POSTGRES_URL, POSTGRES_URL
from metric_assets.stores.messages import secrets

#: Statuses, from fine to grave.
OK, REMARK, FAILED = "ok", "remark", "failed"

#: Subjects that say whether a store answers; if one of them failed there is nothing to work with.
POSTGRES = "Postgres: connection"
CLICKHOUSE = "ClickHouse: connection"
DAGSTER = "Dagster: storage"
CONNECTIONS = frozenset({POSTGRES, CLICKHOUSE, DAGSTER})

#: Told what is being examined.
Report = Callable[[str], None]


@dataclass(frozen=True)
class Finding:
    """One fact: what it is about, what was found, what to do about it, and how grave it is.

    ``ok`` is as it should be, ``remark`` works but costs or should be known, ``failed`` has to be
    repaired before the first row moves.
    """

    subject: str
    found: str
    advice: str = ""
    status: str = OK

    def as_dict(self) -> dict[str, str]:
        """Plain values, for JSON."""
        return asdict(self)


def silent(what: str) -> None:
    """Report nothing."""
    del what


def exit_code(findings: Iterable[Finding]) -> int:
    """2 if a store cannot be reached, 1 if anything else failed, 0 otherwise."""
    failed = {finding.subject for finding in findings if finding.status == FAILED}
    return 2 if failed & CONNECTIONS else int(bool(failed))


def guarded(subject: str, findings: Iterable[Finding], advice: str = "") -> Iterator[Finding]:
    """The findings up to the first error, which becomes the last of them."""
    try:
        yield from findings
    except UnavailableError as error:
        yield Finding(subject, str(error), "Look after the connection, then examine again", FAILED)
    except MetricAssetsError as error:
        yield Finding(subject, str(error), advice or "Fix what the message names", FAILED)
    except Exception as error:
        # One examination that breaks must not hide what the others find.
        found = f"the examination broke off: {type(error).__name__}: {error}"
        yield Finding(subject, found, "This is a defect of doctor: please report it", FAILED)


def together(findings: Iterable[Finding]) -> Iterator[Finding]:
    """One finding for all that say the same of several subjects, in the order of the first ones."""
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.found, finding.status), []).append(finding)
    for group in groups.values():
        first = group[0]
        if len(group) == 1:
            yield first
            continue
        store = first.subject.partition(":")[0]
        names = ", ".join(one.subject.removeprefix(f"{store}: ") for one in group)
        advice = "; ".join(dict.fromkeys(one.advice for one in group))
        yield Finding(
            f"{store}: {len(group)} tables", f"{first.found}: {names}", advice, first.status
        )


def without_secrets(finding: Finding, environ: Mapping[str, str]) -> Finding:
    """The finding with every password of the stores' URLs blotted out."""
    return replace(
        finding, found=blot(finding.found, environ), advice=blot(finding.advice, environ)
    )


def blot(text: str, environ: Mapping[str, str]) -> str:
    """The text with every password of the stores' URLs blotted out."""
    for secret in _secrets(environ):
        text = text.replace(secret, "***")
    return text


def size(count: float) -> str:
    """Bytes in words: 12 MB."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:,.1f} TB"


def span(length: timedelta) -> str:
    """A stretch of time in words: 3.5 days."""
    seconds = length.total_seconds()
    for unit, name in ((86_400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= unit:
            return f"{seconds / unit:,.1f} {name}"
    return f"{seconds:.3f} seconds"


def _secrets(environ: Mapping[str, str]) -> list[str]:
    """Passwords as they stand in the URLs and as the stores see them, the longest first."""
    found: set[str] = set()
    for name in (POSTGRES_URL, CLICKHOUSE_URL, DAGSTER_POSTGRES_URL):
        url = environ.get(name, "")
        # Not urlsplit alone: what it cannot read must not be shown either.
        given = {url.rpartition("@")[0].partition("//")[2].partition(":")[2]}
        try:
            query = parse_qs(urlsplit(url).query)
        except ValueError:
            query = {}
        given |= {value for key in ("password", "sslpassword") for value in query.get(key, [])}
        found |= {form for text in given for form in (text, unquote(text)) if form}
    found |= set(secrets(environ.get(ALERT_URLS, "")))
    return sorted(found, key=len, reverse=True)
