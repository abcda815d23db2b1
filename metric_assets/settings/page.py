"""docs/reference/settings.md, written from the fields: `python -m metric_assets.settings.page`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from textwrap import fill
from typing import Any

from pydantic.fields import FieldInfo

from metric_assets.settings.fields import Fields
from metric_assets.settings.values import expected

_HEAD = """\
<!-- Written by `python -m metric_assets.settings.page > docs/reference/settings.md`.
Change the fields in metric_assets/settings/platform.py or fields.py, then run it again. -->

# Settings

All settings are environment variables; a `.env` in the working folder is read too (Dagster reads
the same file), and the environment wins over it. An empty variable is not set. Secrets come only
from the environment and are never shown. A value that cannot be right is refused before a row is
read: the message names the variable, what was found and what is expected.
"""

_OTHERS = """\
## Variables of others

- `DAGSTER_HOME`: Dagster's home, with its `dagster.yaml`; if it is not set, a folder below
  `METRIC_ASSETS_HOME`.
- `DAGSTER_EVENT_BATCH_SIZE`: Dagster writes the materializations of a range together; 500 in our
  commands.
- `DAGSTER_CELERY_BROKER_URL`, `DAGSTER_CELERY_BACKEND_URL`: where runs wait for Celery workers, and
  where their states are kept; both `redis://:password@host:port/0`. Only with the launcher of
  `deploy/celery` ([deploy](../how-to/deploy.md)).
- `TMPDIR`: the folder for temporary files. While a range that holds something is compared, its
  events lie there: about 21 bytes an event, removed at once.

## Roles

The source needs `SELECT` on the tables that `metric-assets doctor` lists. The target needs `SELECT`
and `INSERT`, where rows are deleted also `ALTER DELETE` (attaching takes it, too), `CREATE TABLE`
and `DROP TABLE` for staging tables beside it, and `SELECT` on `system.tables`, `columns`, `parts`,
`processes`, `mutations`; with several replicas also `SYSTEM SYNC REPLICA`. Ending one's own
statements takes no grant.
"""

#: Characters a line of prose has at most.
WIDTH = 100

#: Pages that descriptions link to, as they lie beside docs/reference/settings.md.
PAGES = {
    "alerts": "../how-to/alerts.md",
    "catalog": "../how-to/bring-your-own-catalog.md",
    "connections": "../how-to/connections.md",
    "counter": "../explanation/counter.md",
    "history": "history.md",
    "ids": "ids.md",
    "postgres": "postgres.md",
    "targets": "targets.md",
}


def page() -> str:
    """The page."""
    return "\n".join(_blocks())


def about(field: FieldInfo) -> Mapping[str, str]:
    """Reason of a field, its unit if it has one, its default if it is found out, and its form if
    bounds do not say it.
    """
    extra: Any = field.json_schema_extra
    return dict(extra)


def _blocks() -> Iterator[str]:
    fields = list(Fields.model_fields.values())
    yield _HEAD
    rows = (f"| {_link(field)} | {_default(field)} | {_values(field)} |\n" for field in fields)
    yield "| variable | default | values |\n| --- | --- | --- |\n" + "".join(rows)
    for field in fields:
        yield f"## {field.validation_alias}\n"
        yield f"{fill(field.description or '', WIDTH)}\n"
        yield f"{fill('Why: ' + about(field)['reason'], WIDTH)}\n"
    yield _OTHERS
    yield "".join(f"[{name}]: {path}\n" for name, path in PAGES.items())


def _link(field: FieldInfo) -> str:
    name = str(field.validation_alias)
    return f"[`{name}`](#{name.lower()})"


def _default(field: FieldInfo) -> str:
    if words := about(field).get("default"):
        return words
    default = field.default
    if default is None or default == {}:
        return "none"
    return f"`{default:g}`" if isinstance(default, float) else f"`{default}`"


def _values(field: FieldInfo) -> str:
    unit = about(field).get("unit")
    words = about(field).get("form") or expected(field)
    return f"{words}, {unit}" if unit else words


if __name__ == "__main__":
    sys.stdout.write(page())
