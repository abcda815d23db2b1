"""``python -m metric_assets_tests.torture``: the rounds, one table by fault, exit 1 for any damage.

ClickHouse is an embedded one unless a server is given by URL (docs/how-to/testing-against-a-server.md).
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
import time
from pathlib import Path

from metric_assets_tests.integration.servers import ENGINE, PLAIN, RESTART, URL, Server
from metric_assets_tests.torture.rounds import Torture, faults_of
from metric_assets_tests.torture.verdict import Verdict, table
from metric_assets_tests.torture.world import World

ROWS = 9_000


def main() -> int:
    """Run the rounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1, help="order of faults, times, drifts")
    parser.add_argument("--only", default="", help="faults whose name has this in it")
    parser.add_argument("--home", type=Path, help="folder of the stack; temporary unless given")
    parser.add_argument("--port", type=int, default=18499, help="of the stack's ClickHouse")
    given = Server.given() or Server("")
    parser.add_argument("--clickhouse-url", default=given.url, help=f"a server; or {URL}")
    parser.add_argument("--engine", default=given.engine, help=f"of the targets there; or {ENGINE}")
    parser.add_argument(
        "--restart-command",
        default=given.restart_command,
        help=f"kills that server by SIGKILL and starts it again; or {RESTART}",
    )
    parser.add_argument("--json", action="store_true", help="every round as one JSON document")
    arguments = parser.parse_args()
    # The driver logs every connection that a kill breaks.
    logging.disable(logging.CRITICAL)
    if arguments.home:
        return _run(arguments, arguments.home)
    with tempfile.TemporaryDirectory(prefix="metric-assets-") as folder:
        return _run(arguments, Path(folder).resolve())


def _run(arguments: argparse.Namespace, home: Path) -> int:
    began = time.monotonic()
    server = None
    if arguments.clickhouse_url:
        server = Server(arguments.clickhouse_url, arguments.engine, arguments.restart_command)
    elif arguments.engine != PLAIN:
        sys.exit(
            "--engine: the embedded ClickHouse has plain MergeTree only; give --clickhouse-url"
        )
    world = World(home, arguments.port, ROWS, server)
    where = _where(world)
    verdicts: list[Verdict] = []
    try:
        with Torture(world, arguments.seed) as torture:
            faults = [fault for fault in faults_of(world) if arguments.only in fault.name]
            for verdict in torture.run(arguments.rounds, faults):
                verdicts.append(verdict)
                _tell(len(verdicts), verdict)
    finally:
        world.down()
    seconds = time.monotonic() - began
    if arguments.json:
        print(json.dumps({"seconds": seconds, "rounds": [v.as_dict() for v in verdicts]}, indent=1))
    else:
        print(table(verdicts))
        killed = sum(verdict.killed for verdict in verdicts)
        print(
            f"{len(verdicts)} rounds, {killed} of them with a process killed at work,"
            f" in {seconds:.0f} s, seed {arguments.seed}{where}"
        )
    return 0 if all(verdict.clean for verdict in verdicts) else 1


def _where(world: World) -> str:
    if world.server is None:
        return ""
    with world.clickhouse() as client:
        version = client.server_version
    return f", {world.server.engine} on ClickHouse {version}"


def _tell(number: int, verdict: Verdict) -> None:
    state = "ok" if verdict.clean else f"DAMAGED {verdict.as_dict()}"
    print(
        f"{number:4d} {verdict.seconds:5.1f} s  {verdict.fault}"
        f" ({verdict.case}, {verdict.table}, {verdict.drift}): {state}",
        file=sys.stderr,
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
