"""Takes the screenshots of the README from a running `metric-assets ui`, with Debian's Chromium.

Run it after `make demo` and while `make ui` runs: `make screenshots`. For a red source check delete
some events of Tag/Follower below the cutoff first, then run `metric-assets reconcile Tag --source`.
`metric-assets report` writes the page of the image `report`. Images named as arguments: only these.
"""

import json
import os
import shutil
import sys
from pathlib import Path

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
    "source_check": ("/assets/Tag/Follower?view=checks&checkDetail=matches_source", "inserted"),
    "timeline": ("/overview/activity/timeline", "reconcile_all"),
    "job": ("/locations/metric_assets/jobs/backfill_Tag/runs", "metric_assets/command"),
    "summary": ("/assets/metric_assets/summary/User", "User/Follower"),
    "reconciled": ("/assets/Tag/Follower?view=checks&checkDetail=reconciled", "coverage_of_grid"),
}


#: The page that `metric-assets report` writes.
REPORT = Path("metric-assets-report.html").absolute()


def main() -> None:
    """Open each page, wait for a word on it, and save it."""
    wanted = sys.argv[1:] or [*PAGES, "report"]
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
        browser.close()


if __name__ == "__main__":
    main()
