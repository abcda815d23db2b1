"""What a person does in Dagster's UI, asked of its GraphQL as the pages ask it.

Belongs here: launching, terminating, looking at runs. Does not belong here: starting Dagster, or
what its runs have to come to.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

#: Where the code location of workspace.yaml keeps its definitions.
_REPOSITORY = {"repositoryName": "__repository__", "repositoryLocationName": "metric_assets"}
_LAUNCH = """mutation ($p: ExecutionParams!) { launchPipelineExecution(executionParams: $p) {
  __typename ... on LaunchRunSuccess { run { id } } ... on PythonError { message } } }"""
_BACKFILL = """mutation ($p: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $p) {
  __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
_CANCEL = """mutation ($id: String!) { cancelPartitionBackfill(backfillId: $id) { __typename } }"""
_TERMINATE = """mutation ($runIds: [String!]!, $policy: TerminateRunPolicy) {
  terminateRuns(runIds: $runIds, terminatePolicy: $policy) { __typename
    ... on TerminateRunsResult { terminateRunResults { __typename } }
    ... on PythonError { message } } }"""
_RUNS = """query ($filter: RunsFilter) { runsOrError(filter: $filter) { ... on Runs {
  results { runId status } } } }"""
_BACKFILLS = (
    """{ partitionBackfillsOrError { ... on PartitionBackfills { results { id status } } } }"""
)
#: How often a person clicks where the webserver trips over connections to its storage that died with
#: the storage: it keeps them, and notices one at a time.
_CLICKS = 10
#: Statuses of runs that nothing will happen to any more.
ENDED = frozenset({"SUCCESS", "FAILURE", "CANCELED"})


class _TrippedError(RuntimeError):
    """The webserver used a connection that had died."""


def _refusal(text: str) -> RuntimeError:
    return _TrippedError(text) if "OperationalError" in text else RuntimeError(text)


@dataclass(frozen=True)
class Ui:
    """A webserver at ``base``."""

    base: str

    def ask(self, query: str, **variables: object) -> Any:
        """The data of an answer; raises RuntimeError with its errors."""
        for _ in range(_CLICKS - 1):
            with suppress(_TrippedError):
                return self._ask(query, variables)
        return self._ask(query, variables)

    def _ask(self, query: str, variables: dict[str, object]) -> Any:
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(
            f"{self.base}/graphql", body, {"content-type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                found = json.load(answer)
        except urllib.error.HTTPError as refused:
            raise _refusal(refused.read().decode()) from None
        if found.get("errors"):
            raise _refusal(str(found["errors"]))
        return found["data"]

    @property
    def loaded(self) -> bool:
        """Whether it answers and knows its assets."""
        try:
            return bool(self.ask("{ assetNodes { id } }")["assetNodes"])
        except (OSError, ValueError, RuntimeError):
            return False

    def materialize(self, pairs: Iterable[str], partition: str) -> str:
        """ "Materialize" of one partition of some assets of one scan: the run's id."""
        params = {
            "selector": {
                **_REPOSITORY,
                "pipelineName": "__ASSET_JOB",
                "assetSelection": [{"path": pair.split("/")} for pair in pairs],
                "assetCheckSelection": [],
            },
            "mode": "default",
            "runConfigData": {},
            "executionMetadata": {"tags": [{"key": "dagster/partition", "value": partition}]},
        }
        done = self.ask(_LAUNCH, p=params)["launchPipelineExecution"]
        if "run" not in done:
            raise RuntimeError(done)
        return str(done["run"]["id"])

    def backfill(self, pairs: Iterable[str], partitions: Sequence[str]) -> str:
        """ "Launch backfill" of some partitions: the backfill's id. The daemon makes its runs."""
        params = {
            "assetSelection": [{"path": pair.split("/")} for pair in pairs],
            "partitionNames": list(partitions),
        }
        done = self.ask(_BACKFILL, p=params)["launchPartitionBackfill"]
        if "backfillId" not in done:
            raise RuntimeError(done)
        return str(done["backfillId"])

    def cancel(self, backfill: str) -> None:
        """ "Cancel" of a backfill."""
        self.ask(_CANCEL, id=backfill)

    def terminate(self, runs: Iterable[str], *, force: bool = False) -> list[str]:
        """ "Terminate" of some runs, with or without "force termination immediately": what the
        server says to each.
        """
        policy = "MARK_AS_CANCELED_IMMEDIATELY" if force else "SAFE_TERMINATE"
        done = self.ask(_TERMINATE, runIds=list(runs), policy=policy)["terminateRuns"]
        return [one["__typename"] for one in done.get("terminateRunResults", [done])]

    def runs(self, **only: object) -> dict[str, str]:
        """Runs, or those of a filter, and the status of each."""
        found = self.ask(_RUNS, filter=only)["runsOrError"]["results"]
        return {run["runId"]: run["status"] for run in found}

    def runs_of(self, backfill: str) -> dict[str, str]:
        """Runs of a backfill."""
        return self.runs(tags=[{"key": "dagster/backfill", "value": backfill}])

    def open_backfills(self) -> list[str]:
        """Backfills that have more runs to make or to wait for."""
        found = self.ask(_BACKFILLS)["partitionBackfillsOrError"]["results"]
        return [one["id"] for one in found if one["status"] == "REQUESTED"]
