"""Takes the screenshots of the README from a running `metric-assets ui`, with Debian's Chromium.

Run it after `make demo` and while `make ui` runs: `make screenshots`. For a red source check delete
some events of Tag/Follower below the cutoff first, then run `metric-assets reconcile Tag --source`.
`metric-assets report` writes the page of the image `report`; for `alert` the command is run once
more, with a receiver of its own for the message. Images named as arguments: only these.
"""

import html
import json
import os
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

from playwright.sync_api import sync_playwright

BASE = os.environ.get("METRIC_ASSETS_UI", "http://127.0.0.1:3000")
IMAGES = Path(__file__).parent / "images"


def first_range() -> str:
    """The first partition key of User in this folder's grid."""
    grids = json.loads(Path(".metric_assets/ranges.json").read_text())
    return f"0-{grids['User']['size'] - 1}"


PAGES = {
    "lineage": ("/asset-groups", "BountyEntry"),
    "partition": (
        f"/assets/User/Follower?view=partitions&partition={first_range()}",
        "dagster/partition_row_count",
    ),
    "check": ("/assets/User/Follower?view=checks&checkDetail=matches_legacy", "coverage"),
    "source_check": ("/assets/Tag/Follower?view=checks&checkDetail=matches_source", "cause_codes"),
    "timeline": ("/overview/activity/timeline", "reconcile_all"),
    "job": ("/locations/metric_assets/jobs/backfill_Tag/runs", "metric_assets/command"),
    "summary": ("/assets/metric_assets/summary/User", "User/Follower"),
    "reconciled": ("/assets/Tag/Follower?view=checks&checkDetail=reconciled", "coverage_of_grid"),
}


#: The page that `metric-assets report` writes.
REPORT = Path("metric-assets-report.html").absolute()


#: What shows an alert: its title and text as they were received.
ALERT = """<body style="margin:24px;background:#f4f4f6;font:15px/1.45 'DejaVu Sans',sans-serif">
<div style="background:#fff;border-left:4px solid #c0392b;padding:14px 18px"><b>{title}</b>
<pre style="white-space:pre-wrap;font:13px/1.5 'DejaVu Sans Mono',monospace">{message}</pre>"""


class Receiver(BaseHTTPRequestHandler):
    """A chat that keeps the last message."""

    message: ClassVar[dict[str, str]] = {}

    def do_POST(self) -> None:
        """Take a message as apprise's `json://` sends it."""
        Receiver.message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def alert() -> str:
    """The page of the alert that a red source check sends."""
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    here = {
        "METRIC_ASSETS_ALERT_URLS": f"json://127.0.0.1:{server.server_port}",
        "METRIC_ASSETS_ALERT_REPEAT_HOURS": "0.01",
        "METRIC_ASSETS_UI_URL": BASE,
    }
    command = [Path(sys.executable).with_name("metric-assets"), "reconcile", "Tag", "--source"]
    subprocess.run(  # noqa: S603 - our own command.
        command, env={**os.environ, **here}, capture_output=True, check=False
    )
    server.shutdown()
    return ALERT.format(**{k: html.escape(Receiver.message[k]) for k in ("title", "message")})


def main() -> None:
    """Open each page, wait for a word on it, and save it."""
    wanted = sys.argv[1:] or [*PAGES, "report", "alert"]
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        for name, (path, word) in PAGES.items():
            if name not in wanted:
                continue
            page.goto(BASE + path, wait_until="domcontentloaded")
            page.get_by_text(word, exact=False).first.wait_for(timeout=60_000)
            page.get_by_text("fetching statuses").first.wait_for(state="hidden", timeout=60_000)
            page.wait_for_timeout(5000)
            if name == "summary":
                page.get_by_text("Plots", exact=True).first.click()
                page.wait_for_timeout(3000)
            page.screenshot(path=IMAGES / f"{name}.png")
            print(IMAGES / f"{name}.png")
        if "report" in wanted:
            page.set_viewport_size({"width": 1120, "height": 1260})
            page.goto(REPORT.as_uri())
            page.wait_for_timeout(3000)
            page.screenshot(path=IMAGES / "report.png")
            print(IMAGES / "report.png")
        if "alert" in wanted:
            page.set_viewport_size({"width": 900, "height": 280})
            page.set_content(alert())
            page.screenshot(path=IMAGES / "alert.png", full_page=True)
            print(IMAGES / "alert.png")
        browser.close()


if __name__ == "__main__":
    main()
