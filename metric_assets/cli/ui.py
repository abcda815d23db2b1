"""`metric-assets ui`: Dagster's UI and daemon over our definitions, in one process group.

Belongs here: starting both, saying where they are, and ending them. Does not belong here: what they
show (orchestration).
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from metric_assets.cli import environment
from metric_assets.cli.exits import Stopped
from metric_assets.cli.local import PORT, start
from metric_assets.errors import SettingsError, UnreachableError
from metric_assets.home import dagster_home, home_error, home_folder, project_file
from metric_assets.settings import HOME

LOOPBACK = "127.0.0.1"
#: How a warning begins that Dagster's own command gives of itself.
_SUPERSEDED = "Function `dev_command` is superseded"
#: Seconds until the UI must answer, and until each way of ending it is followed by a harder one.
_START_SECONDS = 300.0
_END_SECONDS = 15.0


@click.command()
@click.option("--port", type=PORT, default=3000, show_default=True, help="Port of the UI.")
@click.option("--host", default=LOOPBACK, show_default=True, help="Address that it listens on.")
@click.option("--verbose", is_flag=True, help="Dagster's own log on stderr.")
def ui(port: int, host: str, verbose: bool) -> None:
    """Dagster's UI and daemon (schedules, sensors) until Ctrl-C; starts the embedded stack if it is
    the one in use.
    """
    if environment.stack_hint():
        start()
    environment.settings()
    _refuse_taken(host, port)
    home = dagster_home()
    _open_storage()
    log = None if verbose else _log_file()
    with _dagster(host, port, log) as server:
        _await(server, host, port, log)
        click.echo(f"Dagster's UI: http://{host}:{port}   (Ctrl-C ends it)")
        click.echo(f"its home {home}{f', its log {log}' if log else ''}", err=True)
        server.wait()
    raise UnreachableError(f"ui: Dagster ended by itself{_see(log)}")


def _open_storage() -> None:
    """Raise if Dagster's storage does not answer; make its tables, and list the pools."""
    from metric_assets.orchestration.instance import dagster_answers, open_instance

    dagster_answers()
    with open_instance():
        pass


def _refuse_taken(host: str, port: int) -> None:
    """Raise SettingsError if something listens there already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SettingsError(
                f"--port {port}: cannot be listened on at {host}: {error.strerror}; another `metric"
                "-assets ui` may run there. Choose another port"
            ) from None


def _log_file() -> Path:
    folder = home_folder() / "logs"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise home_error(error) from None
    return folder / "ui.log"


@contextmanager
def _dagster(host: str, port: int, log: Path | None) -> Iterator[subprocess.Popen[bytes]]:
    """`dagster dev` with our workspace, in a group of its own that ends with this."""
    command = [sys.executable, "-W", f"ignore:{_SUPERSEDED}", "-m", "dagster", "dev",
               "-w", str(project_file("workspace.yaml")),
               "-h", host, "-p", str(port)]  # fmt: skip
    with open(log or os.devnull, "wb") as file:
        output = None if log is None else file
        server = subprocess.Popen(  # noqa: S603 - our own interpreter, no shell
            command,
            cwd=dagster_home(),
            env=_environment(),
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            yield server
        except KeyboardInterrupt:
            click.echo("ending the UI and the daemon …", err=True)
            _end(server)
            raise Stopped("the UI and the daemon have ended") from None
        finally:
            _end(server)


def _environment() -> dict[str, str]:
    """Ours, for a process in Dagster's home: elsewhere it would warn of a dagster.yaml that lies in
    the working folder. What that folder is needed for is named: our home, and a catalog in it.
    """
    path = os.pathsep.join(filter(None, [str(Path.cwd()), os.environ.get("PYTHONPATH")]))
    return {**os.environ, HOME: str(home_folder()), "PYTHONPATH": path}


def _end(server: subprocess.Popen[bytes]) -> None:
    """Ask Dagster to end all its processes; end them if it does not."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        try:
            # It passes the first one on to its processes; the others go to all of them.
            if number is signal.SIGINT:
                server.send_signal(number)
            else:
                os.killpg(server.pid, number)
        except ProcessLookupError:
            return
        try:
            server.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            continue
        if not _alive(server.pid):
            return


def _alive(group: int) -> bool:
    """Whether a process of the group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def _await(server: subprocess.Popen[bytes], host: str, port: int, log: Path | None) -> None:
    """Return once the UI answers; raises UnreachableError if it does not."""
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        if server.poll() is not None:
            raise UnreachableError(f"ui: Dagster ended while it was starting{_see(log)}")
        try:
            with urllib.request.urlopen(f"http://{host}:{port}/server_info", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise UnreachableError(f"ui: no answer within {_START_SECONDS:.0f} seconds{_see(log)}")


def _see(log: Path | None) -> str:
    return f"; its log is {log}" if log else "; its log is above"
