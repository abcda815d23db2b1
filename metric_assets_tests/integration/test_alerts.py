"""Alerts from commands and from Dagster's sensor, over real stores and a real HTTP server."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from metric_assets import settings as names
from metric_assets_tests.inbox import Inbox, open_inbox
from metric_assets_tests.integration.consoles import Console
from metric_assets_tests.integration.platforms import TARGET, Platform

pytestmark = pytest.mark.integration

#: One look of the sensor, and its cursor: printed for the next look.
SENSOR = """
import sys
import dagster as dg
from metric_assets.orchestration.alert_sensor import build_alert_sensor
from metric_assets.settings import Settings
with dg.DagsterInstance.get() as instance:
    sensor = build_alert_sensor(Settings.load())
    context = dg.build_sensor_context(instance, cursor=sys.argv[1] or None)
    sensor.evaluate_tick(context)
    print(context.cursor)
"""


@pytest.fixture
def inbox(console: Console) -> Iterator[Inbox]:
    """What commands of the console send to."""
    with open_inbox() as opened:
        console.env[names.ALERT_URLS] = opened.address
        console.env[names.UI_URL] = "https://dagster.example"
        yield opened


def follows(platform: Platform) -> None:
    """Three tags' followers in two of the three ranges."""
    for tag in (1, 2, 15):
        platform.add("Tag", id=tag, createdAt="2024-01-01")
        for user in (1, 2, 3):
            platform.add(
                "TagEngagement", userId=user, tagId=tag, type="Follow", createdAt="2024-02-02"
            )
        platform.add("TagMetric", tagId=tag, timeframe="AllTime", followerCount=3)


def look(console: Console, cursor: str = "") -> str:
    """One look of the sensor; the cursor for the next one."""
    done = console.run("python", "-c", SENSOR, cursor)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


@pytest.mark.promise(
    "One message with pair, range, numbers, the command and a link; one more when it is well again.",
    when="a check fails in a command",
    area="operators",
)
def test_a_command_tells_what_fails_and_when_it_is_well(
    console: Console, platform: Platform, inbox: Inbox
) -> None:
    """Events are deleted from both ranges: one message; none for the same again; one once repaired.
    The log has all of them, and no output or log has the address.
    """
    follows(platform)
    assert console.json("backfill", "Tag")[0] == 0
    assert inbox.messages == []
    platform.command(f"ALTER TABLE {TARGET} DELETE WHERE userId = 2 SETTINGS mutations_sync = 2")
    outputs = []
    for _ in range(2):
        done = console.run("metric-assets", "reconcile", "Tag", "--source")
        assert done.returncode == 1
        outputs.append(done.stdout + done.stderr)
    (message,) = inbox.messages
    assert message["title"] == "metric_assets: Tag/Follower: differs"
    text = message["message"]
    assert "Tag/Follower in 0-9, 10-19: differs (3 missing)" in text
    assert "Next: `metric-assets backfill Tag/Follower --range 0-9` repairs it" in text
    assert (
        "https://dagster.example/assets/Tag/Follower?view=checks&checkDetail=matches_source" in text
    )
    assert "Seen by reconcile_all (" in text
    done = console.run("metric-assets", "reconcile", "Tag", "--repair", "--yes")
    assert done.returncode == 0, done.stderr
    assert inbox.titles[1:] == ["metric_assets: well again (4)"]
    log = (console.folder / "home" / "logs" / "alerts.log").read_text()
    assert log.count("metric_assets: ") == 2
    for shown in (*outputs, log):
        assert "s3cr3t-t0ken" not in shown


def test_a_command_goes_on_without_its_alert(
    console: Console, platform: Platform, inbox: Inbox
) -> None:
    """A service that fails is a warning: exit code and document are what they are without it, and
    the next command tells what nobody took.
    """
    follows(platform)
    inbox.status = 500
    code, document = console.json("reconcile", "Tag", "--source")
    assert (code, document["error"]) == (1, None)
    done = console.run("metric-assets", "reconcile", "Tag", "--source")
    assert (
        "warning: an alert was not sent: METRIC_ASSETS_ALERT_URLS: address 1 (JSON)" in done.stderr
    )
    assert "s3cr3t-t0ken" not in done.stderr
    inbox.status = 200
    before = len(inbox.messages)
    assert console.json("reconcile", "Tag", "--source")[0] == 1
    assert len(inbox.messages) == before + 1


@pytest.mark.promise(
    "Told by the sensor, in one message for all of one look, and what a command told not again.",
    when="runs that Dagster launches fail",
    area="operators",
)
def test_the_sensor_tells_what_no_command_tells(
    console: Console, platform: Platform, inbox: Inbox
) -> None:
    """Runs by Dagster's own command: a failed one (its target is gone) and its later success are
    told by the sensor; the failing checks of a command are not told twice.
    """
    follows(platform)
    cursor = look(console)
    materialize = (
        "dagster", "asset", "materialize", "-m", "metric_assets.definitions",
        "--select", "Tag/Follower", "--partition", "0-9",
    )  # fmt: skip
    right = console.env.pop(names.TARGET_TABLE, None)
    console.env[names.TARGET_TABLE] = "absent"
    assert console.run(*materialize).returncode == 1
    console.env.pop(names.TARGET_TABLE)
    if right:
        console.env[names.TARGET_TABLE] = right
    assert inbox.messages == []
    cursor = look(console, cursor)
    (message,) = inbox.messages
    assert message["title"].endswith(": failed")
    assert "absent" in message["message"]
    assert "https://dagster.example/runs/" in message["message"]
    assert look(console, cursor) == cursor
    assert console.run(*materialize).returncode == 0
    cursor = look(console, cursor)
    assert inbox.titles[1:] == ["metric_assets: well again (1)"]
    assert console.json("reconcile", "Tag", "--source")[0] == 1
    told = len(inbox.messages)
    look(console, cursor)
    assert len(inbox.messages) == told


def test_doctor_sends_a_trial_and_its_findings(console: Console, platform: Platform) -> None:
    """`--test-alert` sends one message and exits 1 if it is not taken; `--alert` sends what failed,
    once; an address that cannot be read is a finding.
    """
    follows(platform)
    with open_inbox() as inbox:
        console.env[names.ALERT_URLS] = inbox.address
        done = console.run("metric-assets", "doctor", "--test-alert")
        assert (done.returncode, done.stdout) == (0, "sent to 1 of 1\n")
        assert inbox.titles == ["metric_assets: a test"]
        wrong = {**console.env, names.TARGET_TABLE: "absent"}
        elsewhere = Console(console.folder, wrong)
        for _ in range(2):
            assert elsewhere.run("metric-assets", "doctor", "--alert").returncode == 1
        assert len(inbox.messages) == 2
        assert "Target absent: failed" in inbox.messages[1]["message"]
        inbox.status = 500
        assert console.run("metric-assets", "doctor", "--test-alert").returncode == 1
    console.env[names.ALERT_URLS] = "nonsense://s3cr3t-t0ken"
    code, document = console.json("doctor")
    assert code == 1
    (finding,) = (one for one in document["findings"] if one["subject"] == "Alerts")
    assert "address 1 (nonsense://…) cannot be read" in finding["found"]
    assert "s3cr3t" not in json.dumps(document)


def test_an_audit_that_has_not_run_is_told(
    console: Console, platform: Platform, inbox: Inbox
) -> None:
    """Nothing is due before the first run; with a schedule of every minute and a patience of six
    seconds `doctor --alert` tells it, and that it is well once an audit has ended.
    """
    follows(platform)
    look(console)
    assert inbox.messages == []
    assert console.json("backfill", "Tag")[0] == 0
    console.env |= {names.RECONCILE_CRON: "* * * * *", names.ALERT_AUDIT: "0.1"}
    later = console.run("python", "-c", AUDIT, "0")
    assert later.stdout.strip() == "well", later.stderr
    overdue = console.run("python", "-c", AUDIT, "600")
    assert overdue.stdout.strip() == "the audit has not run: none has ended well yet", (
        overdue.stderr
    )
    # A reconciliation of a selection is no audit of all.
    assert console.json("reconcile", "Tag")[0] == 0
    assert console.run("python", "-c", AUDIT, "600").stdout == overdue.stdout
    job = ("dagster", "job", "execute", "-m", "metric_assets.definitions", "-j", "reconcile_all")
    assert console.run(*job).returncode == 0
    assert console.run("python", "-c", AUDIT, "0").stdout.strip() == "well"


#: The audit as seen so many seconds from now.
AUDIT = """
import sys
from datetime import datetime, timedelta, timezone
import dagster as dg
from metric_assets.orchestration.audits import audit_seen
from metric_assets.settings import Settings
now = datetime.now(timezone.utc) + timedelta(seconds=float(sys.argv[1]))
with dg.DagsterInstance.get() as instance:
    seen = audit_seen(instance, Settings.load(), now)
for one in seen.problems:
    print(one.subject, one.word + ":", one.cause.rpartition("; ")[2])
if seen.well:
    print("well")
"""
