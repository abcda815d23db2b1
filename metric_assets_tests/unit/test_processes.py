"""Telling a dead process from a living one, and from one that only another machine knows."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from metric_assets.orchestration.processes import HOST, PROCESS, is_gone, own_tags

pytestmark = pytest.mark.unit


def test_this_process_is_alive() -> None:
    """Its own tags say so; they name the host for people."""
    tags = own_tags()
    assert is_gone(tags[PROCESS]) is False
    assert tags[HOST]
    assert f" {os.getpid()} " in tags[PROCESS]


def test_a_process_that_ended_is_gone() -> None:
    """Also where its number has been given to another one: it began at another time."""
    program = "from metric_assets.orchestration.processes import *; print(own_tags()[PROCESS])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    process = done.stdout.strip()
    assert is_gone(process) is True
    machine, _, began = process.split()
    assert is_gone(f"{machine} {os.getpid()} {began}") is True


@pytest.mark.parametrize("process", ["other-boot/4026531836 1 5", "", "nonsense", "a b c"])
def test_another_machine_is_not_judged(process: str) -> None:
    """Nobody here can tell, so nothing is ended."""
    assert is_gone(process) is None
