from __future__ import annotations

from pathlib import Path

import pytest

from metric_assets_tests.conventions.files import (
    fresh_interpreter,
)

pytestmark = pytest.mark.conventions

#: A connection from Python, or through a driver's C code: none of them may be attempted.
_NO_CONNECTION = """
import sys
def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "subprocess.Popen"):
        raise RuntimeError(f"{event} {arguments} while importing")
sys.addaudithook(watch)
import psycopg, adbc_driver_postgresql.dbapi as adbc, clickhouse_connect
def refuse(*_, **__):
    raise RuntimeError("a connection while importing")
psycopg.connect = adbc.connect = clickhouse_connect.get_client = refuse
"""


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {
            "METRIC_ASSETS_POSTGRES_URL": "postgresql://nobody@127.0.0.1:1/nothing",
            "METRIC_ASSETS_CLICKHOUSE_URL": "http://nobody@127.0.0.1:1/nothing",
            "METRIC_ASSETS_CUTOFF": "2025-10-01T00:00:00Z",
        },
    ],
    ids=["nothing set", "stores that do not answer"],
)
def test_definitions_load_as_in_production(tmp_path: Path, environ: dict[str, str]) -> None:
    """A fresh interpreter imports the definitions and nothing connects, with or without settings.

    The keys that Dagster sees are exactly those of the catalog.
    """
    program = _NO_CONNECTION + (
        "from metric_assets.definitions import defs\n"
        "from metric_assets.catalog import CATALOG\n"
        "keys = {'/'.join(spec.key.path) for spec in defs().resolve_all_asset_specs()}\n"
        "assert keys >= set(CATALOG.pairs), sorted(set(CATALOG.pairs) - keys)\n"
        "assert 'metric_assets.local' not in sys.modules\n"
    )
    done = fresh_interpreter(program, tmp_path, **environ)
    assert done.returncode == 0, done.stderr[-2000:]
    assert list(tmp_path.iterdir()) == []


def test_list_does_not_wait_for_dagster(tmp_path: Path) -> None:
    """`list` answers without importing Dagster or a store's driver."""
    program = (
        "import sys\n"
        "sys.argv = ['metric-assets', 'list', 'Tag', '--json']\n"
        "from metric_assets.cli import main\n"
        "try:\n    main()\nexcept SystemExit as done:\n    assert not done.code\n"
        "slow = ('dagster', 'psycopg', 'clickhouse_connect', 'adbc_driver_postgresql', 'chdb')\n"
        "print(sorted(m for m in sys.modules if m in slow), file=sys.stderr)"
    )
    done = fresh_interpreter(program, tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stderr == "[]\n"
