"""The mutants: which guard is taken out, by which change of which file, and who has to notice.

Belongs here: literal rows. Does not belong here: how a tree is copied (trees) or a test run (trial).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Edit:
    """A change of one file: ``old``, which occurs exactly once, becomes ``new``."""

    file: str
    old: str
    new: str


@dataclass(frozen=True)
class Mutant:
    """A guard taken out by a change (``more`` if it takes several), and the tests that must fail.

    ``killers`` are pytest node ids below metric_assets_tests, tried in turn until one fails; ``limit``
    is how many seconds each may take before it is said to hang.
    """

    name: str
    file: str
    old: str
    new: str
    killers: tuple[str, ...]
    more: tuple[Edit, ...] = ()
    limit: int = 120

    @property
    def edits(self) -> tuple[Edit, ...]:
        """All changes."""
        return (Edit(self.file, self.old, self.new), *self.more)


_SUMMARY = "sql/clickhouse/scope_summary.sql"
_DIFFERENCE = "sql/clickhouse/difference.sql"
_SURPLUS = "sql/clickhouse/surplus.sql"
_REMOVE = "sql/clickhouse/remove.sql"
_PIPELINE = "metric_assets/pipeline.py"
_FILLING = "metric_assets/filling.py"
_TARGET = "metric_assets/stores/target.py"
_BOUNDED = "metric_assets/stores/bounded.py"
_DOOR = "metric_assets/stores/postgres.py"
_SESSION = "metric_assets/stores/postgres_session.py"
_CUTOFF = "AND createdAt < {cutoff:DateTime64(3, 'UTC')}"
_START = "AND entityId >= {start:Int64}"
_STOP = "AND entityId < {stop:Int64}"

MUTANTS: tuple[Mutant, ...] = (
    Mutant("no fence", _TARGET,
           "return self._clear(lambda owner: self._concerns(owner, scope))", "return []",
           ("integration/test_faults.py::test_an_orphaned_insert_is_ended_before_the_retry_plans",)),
    Mutant("mutations not fenced", _TARGET,
           "if one[2].startswith(OWNER)]", 'if one[2].startswith(OWNER) and one[0] != "mutation"]',
           ("integration/test_faults.py::test_an_orphaned_delete_is_ended_before_the_retry_plans",)),
    Mutant("mutations whose table is gone not fenced", _TARGET,
           "owners.get(owner, OWNER) if", "owners.get(owner, owner) if",
           ("integration/test_faults.py::test_a_mutation_whose_table_is_gone_is_ended_by_whoever_comes",)),
    Mutant("the fence ends what other pairs run", _TARGET,
           'and not set(other["metrics"]).isdisjoint(scope.metrics)', "",
           ("integration/test_faults.py::test_a_fence_ends_nothing_of_other_pairs_or_other_ids",)),
    Mutant("the fence ends what runs for other ids", _TARGET,
           'and IdRange.parse(other["range"]).overlaps(scope.ids)', "",
           ("integration/test_faults.py::test_a_fence_ends_nothing_of_other_pairs_or_other_ids",)),
    Mutant("an insert that views are being shown is ended", _TARGET,
           'elif kind == "insert" and self.layout.views:', "elif False:",
           ("integration/test_faults.py::test_an_insert_that_views_are_being_shown_is_waited_for",)),
    Mutant("replace where a view reads the target", _TARGET,
           'if self._mode == "replace" and layout.append_only:', "if False:",
           ("integration/test_repair.py::test_replace_is_refused_where_a_view_reads_the_target",)),
    Mutant("no read-back (no second plan)", _PIPELINE,
           'plan, present = self._plan("prove")', "return first, self.staged",
           ("unit/test_pipeline.py::test_somebody_who_wrote_once_is_levelled",)),
    Mutant("no cutoff filter in summary and difference", _SUMMARY, _CUTOFF, "",
           ("integration/test_bad_input.py::test_an_earlier_cutoff_removes_nothing",),
           (Edit(_DIFFERENCE, _CUTOFF, ""),)),
    Mutant("no cutoff filter in any statement, the delete included", _SUMMARY, _CUTOFF, "",
           ("integration/test_bad_input.py::test_an_earlier_cutoff_removes_nothing",),
           (Edit(_DIFFERENCE, _CUTOFF, ""), Edit(_SURPLUS, _CUTOFF, ""), Edit(_REMOVE, _CUTOFF, ""))),
    Mutant("no range filter in summary and difference", _SUMMARY, _START, "",
           ("integration/test_races.py::test_overlapping_ranges_in_turn",),
           (Edit(_SUMMARY, _STOP, ""), Edit(_DIFFERENCE, _START, ""), Edit(_DIFFERENCE, _STOP, ""))),
    Mutant("no range filter in any statement, the delete included", _SUMMARY, _START, "",
           ("integration/test_races.py::test_overlapping_ranges_in_turn",),
           (Edit(_SUMMARY, _STOP, ""), Edit(_DIFFERENCE, _START, ""), Edit(_DIFFERENCE, _STOP, ""),
            Edit(_SURPLUS, _START, ""), Edit(_SURPLUS, _STOP, ""),
            Edit(_REMOVE, _START, ""), Edit(_REMOVE, _STOP, ""))),
    Mutant("dedup settings off", "metric_assets/stores/clickhouse.py",
           "{**pinned, **dedup, ", "{**pinned, ",
           ("integration/test_faults.py::test_equal_chunks_are_staged_as_often_as_they_are_sent",)),
    Mutant("no REPEATABLE READ", "sql/postgres/begin.sql",
           "REPEATABLE READ READ ONLY", "READ COMMITTED READ ONLY",
           ("integration/test_faults.py::test_a_reading_is_one_snapshot_and_cannot_write",)),
    Mutant("no READ ONLY", "sql/postgres/begin.sql",
           "REPEATABLE READ READ ONLY", "REPEATABLE READ READ WRITE",
           ("integration/test_faults.py::test_a_reading_is_one_snapshot_and_cannot_write",)),
    Mutant("no removal guard", "metric_assets/plan.py",
           "if gone > max(REMOVAL_FLOOR, max_share * plan.present):", "if False:",
           ("unit/test_plan.py::test_the_guard",)),
    Mutant("the guard overlooks compensations", "metric_assets/plan.py",
           "gone = plan.removed + plan.compensated", "gone = plan.removed",
           ("unit/test_plan.py::test_the_guard",)),
    Mutant("the guard is not asked", _PIPELINE,
           "guard_removal(self.scope.label, plan.metrics, self.max_removed_share)", "pass",
           ("unit/test_pipeline.py::test_a_removal_beyond_the_guard_is_refused",)),
    Mutant("stage not counted", _PIPELINE,
           "if (summary.events, summary.total) != (sent[metric].events, sent[metric].total):",
           "if False:",
           ("unit/test_pipeline.py::test_a_stage_that_loses_a_row_is_not_used",)),
    Mutant("rejected rows are left out without a word", _FILLING,
           "rejections.raise_if_any(scope.ids)", "pass",
           ("unit/test_pipeline.py::test_rejected_rows_leave_the_target_alone",)),
    Mutant("rows not validated", "metric_assets/events.py",
           "schema.validate(events, lazy=True)", "pass",
           ("unit/test_pipeline.py::test_rejected_rows_leave_the_target_alone",)),
    Mutant("no turnstile (the lock is always granted)", "sql/postgres/lock.sql",
           "pg_try_advisory_lock(:key)", ":key IS NOT NULL",
           ("integration/test_faults.py::test_two_runs_of_one_partition_one_waits_outside",)),
    Mutant("no confirmation of the lock before a write", _PIPELINE, "self.turn.confirm()", "pass",
           ("integration/test_faults.py::test_a_run_that_lost_its_lock_writes_nothing",)),
    Mutant("the lock is asked without a bound", _DOOR,
           "return self._caller.call(asked, ANSWER)", "return self._caller.call(asked, 1e6)",
           ("integration/test_silence.py::test_a_lock_that_does_not_answer_is_no_lock",)),
    Mutant("an interruption waits for the reading thread", _FILLING, "reading.cancel()", "pass",
           ("integration/test_faults.py::test_a_cancelled_read_ends_in_postgres",)),
    Mutant("an interruption waits for the insert under way", _FILLING, "stage.cancel()", "pass",
           ("unit/test_pipeline.py::test_an_interruption_ends_the_insert_under_way",)),
    Mutant("a retry policy on the assets", "metric_assets/orchestration/assets.py",
           "pool=POOLS[scan.store],",
           "pool=POOLS[scan.store], retry_policy=dg.RetryPolicy(max_retries=4, delay=1),",
           ("end_to_end/test_termination.py::test_terminating_in_the_ui_ends_everything",),
           limit=300),
    Mutant("errors in mid-stream not translated", _DOOR,
           "psycopg.Error, OSError, pyarrow.lib.ArrowException)", "psycopg.Error)",
           ("integration/test_faults.py::test_a_session_ended_in_mid_stream_is_an_error_that_passes",)),
    Mutant("a timeout in mid-stream taken for a broken connection", _DOOR,
           "if not state and _ENDED.search(text):", "if False:",
           ("integration/test_faults.py::test_a_statement_that_takes_too_long_names_the_setting",)),
    Mutant("cancelling a read without a bound", _SESSION,
           "briefly(self._connection.adbc_cancel, left)", "self._connection.adbc_cancel()",
           ("integration/test_silence.py::test_an_interruption_is_heard_while_the_network_is_silent",)),
    Mutant("no watch over a whole statement", _SESSION, "max(left, 0.0) + GRACE", "1e6",
           ("integration/test_silence.py::test_a_backend_that_is_stopped_is_given_up",)),
    Mutant("a watch shorter than the statement may take", _SESSION,
           "max(left, 0.0) + GRACE", "GRACE",
           ("integration/test_silence.py::test_rows_may_come_slowly_for_as_long_as_the_statement_may",)),
    Mutant("closing waits for a call that hangs", _BOUNDED,
           "if not self.lost and not wait([last], limit).done:", "if not wait([last]).done:",
           ("integration/test_silence.py::test_a_backend_that_is_stopped_is_given_up",)),
    Mutant("the driver is called in a thread that is no daemon", _BOUNDED,
           "name=name, daemon=True", "name=name, daemon=False",
           ("integration/test_silence.py::test_a_process_can_exit_while_postgres_is_stopped",)),
    Mutant("no `tcp_user_timeout`", _DOOR, "tcp_user_timeout=UNACKNOWLEDGED,", "",
           ("integration/test_silence.py::test_the_network_is_watched",)),
    Mutant("no idle timeout in the session", _DOOR,
           " -c idle_in_transaction_session_timeout={self._timeout}s", "",
           ("integration/test_races.py::test_a_transaction_left_idle_is_ended_by_the_server",)),
    Mutant("connections kept when a run is over", _DOOR, "self._idle.pop().end()", "return",
           ("integration/test_races.py::test_connections_that_a_run_takes",)),
    Mutant("`doctor` does not ask for DROP TABLE", "metric_assets/doctor/grants.py",
           '_OF_OTHERS = ("create", "drop", *_OF_TARGET)', '_OF_OTHERS = ("create", *_OF_TARGET)',
           ("integration/test_refusals.py::test_a_missing_grant_is_named",)),
    Mutant("`doctor` does not ask for ALTER DELETE", "metric_assets/doctor/grants.py",
           '_OF_TARGET = ("read", "insert", "remove")', '_OF_TARGET = ("read", "insert")',
           ("integration/test_refusals.py::test_a_missing_grant_is_named",)),
)  # fmt: skip
