"""`metric-assets undo`, and the question of a repair, as a person and a script meet them."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from metric_assets_tests.integration import test_another_catalog
from metric_assets_tests.integration.test_another_catalog import Market

pytestmark = pytest.mark.integration

shops = test_another_catalog.shops
STRAY = "('Shop', 5, 2, 'Nothing', 1, '2024-01-02 00:00:00')"


def answered(shops: Market, answer: str, *command: str) -> tuple[int, str, str]:
    """`metric-assets` at a terminal, somebody answers; its exit code, stdout and stderr."""
    ours, theirs = pty.openpty()
    os.write(ours, f"{answer}\n".encode())
    done = subprocess.run(
        [Path(sys.executable).parent / "metric-assets", *command],
        stdin=theirs, cwd=shops.folder, env=shops.env, capture_output=True, text=True, timeout=300,
        check=False,
    )  # fmt: skip
    os.close(ours)
    os.close(theirs)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.promise(
    "It shows its plan and asks; without a terminal and without `--yes` it is refused with exit"
    " code 2, and nothing is written.",
    when="a command is about to undo or to repair",
    area="undo",
)
def test_a_run_is_listed_shown_asked_for_and_put_back(shops: Market) -> None:
    """Loads and removed rows of no pair; no is an answer; what is no run is told."""
    assert shops.run("undo") == (0, {**shops.run("undo")[1], "runs": []})
    code, loaded = shops.run("backfill", "Shop")
    assert code == 0
    (run,) = loaded["runs"].values()
    full = shops.events()
    assert len(full) == 6

    code, listed = shops.run("undo")
    assert code == 0
    (row,) = listed["runs"]
    assert (row["run"], row["inserted"], row["removed"]) == (run, 6, 0)
    assert row["pairs"] == ["Shop/Blame", "Shop/Praise", "Shop/Turnover"]
    assert row["command"] == "metric-assets backfill Shop --json"

    code, document = shops.run("undo", run[:8])
    assert (code, shops.events()) == (2, full)
    assert "asks before it writes" in document["error"]
    code, document = shops.run("undo", "no-such-run", "--yes")
    assert code == 2
    assert "no run of this id changed the target" in document["error"]
    code, document = shops.run("undo", run[:8], "--dry-run")
    assert (code, shops.events()) == (1, full)
    assert sum(one["removed"] for one in document["ranges"]) == 6
    assert {one["never_loaded_before"] for one in document["ranges"]} == {True}

    code, out, err = answered(shops, "n", "undo", run[:8])
    assert (code, shops.events()) == (130, full)
    assert "Go ahead?" in err
    assert run in out
    code, out, err = answered(shops, "y", "undo", run[:8])
    assert (code, shops.events()) == (0, []), err
    assert "to have it back" in out
    recorded = shops.client.query(
        "SELECT DISTINCT metricType, verdict FROM metricReconciliation WHERE origin = 'undo' ORDER BY 1"
    ).result_rows
    assert [tuple(row) for row in recorded] == [
        (name, "failed") for name in ("Blame", "Praise", "Turnover")
    ]


def test_removed_rows_of_no_pair_are_put_back(shops: Market) -> None:
    """A repair asks before it removes them; it is a run that can be undone."""
    shops.client.command(f"INSERT INTO entityMetricEvents VALUES {STRAY}")
    shops.run("backfill", "Shop")
    full = shops.events()
    code, _out, err = answered(shops, "n", "reconcile", "--repair")
    assert (code, shops.events()) == (1, full)
    assert "1 rows that belong to no pair or no range are removed. Go ahead?" in err
    code, document = shops.run("reconcile", "Shop", "--repair", "--yes")
    assert len(document["removed"]) == 1
    assert shops.events() == [row for row in full if row[1] != "Nothing"]
    (last, _) = shops.run("undo")[1]["runs"]
    assert (last["pairs"], last["removed"]) == (["Shop/Nothing"], 1)
    code, document = shops.run("undo", last["run"], "--yes")
    assert (code, shops.events()) == (0, full), document
