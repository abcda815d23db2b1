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
_ATTEMPT = "metric_assets/attempt.py"
_FILLING = "metric_assets/filling.py"
_READING = "metric_assets/reading.py"
_TARGET = "metric_assets/stores/target.py"
_OWNERS = "metric_assets/stores/owners.py"
_IDS = "metric_assets/entity_ids.py"
_BOUNDED = "metric_assets/stores/bounded.py"
_DOOR = "metric_assets/stores/postgres.py"
_LOCK = "metric_assets/stores/postgres_lock.py"
_ERRORS = "metric_assets/stores/postgres_errors.py"
_SESSION = "metric_assets/stores/postgres_session.py"
_CUTOFF = "AND createdAt < {cutoff:DateTime64(3, 'UTC')}"
_START = "AND entityId >= {start:Int64}"
_STOP = "AND entityId < {stop:Int64}"

MUTANTS: tuple[Mutant, ...] = (
    Mutant("no fence", _TARGET,
           "return self._clear(orphaned)", "return []",
           ("integration/test_faults.py::test_an_orphaned_insert_is_ended_before_the_retry_plans",)),
    Mutant("mutations not fenced", _TARGET,
           "if one[2].startswith(OWNER)]", 'if one[2].startswith(OWNER) and one[0] != "mutation"]',
           ("integration/test_faults.py::test_an_orphaned_delete_is_ended_before_the_retry_plans",)),
    Mutant("mutations whose table is gone not fenced", _TARGET,
           "owners.get(owner, OWNER) if", "owners.get(owner, owner) if",
           ("integration/test_faults.py::test_a_mutation_whose_table_is_gone_is_ended_by_whoever_comes",)),
    Mutant("the fence ends what other pairs run", _OWNERS,
           'and not set(other["metrics"]).isdisjoint(scope.metrics)', "",
           ("integration/test_faults.py::test_a_fence_ends_nothing_of_other_pairs_or_other_ids",)),
    Mutant("the fence ends what runs for other ids", _OWNERS,
           'and IdRange.parse(other["range"]).overlaps(scope.ids)', "",
           ("integration/test_faults.py::test_a_fence_ends_nothing_of_other_pairs_or_other_ids",)),
    Mutant("an insert that views are being shown is ended", _TARGET,
           'elif kind == "insert" and self.layout.views:', "elif False:",
           ("integration/test_faults.py::test_an_insert_that_views_are_being_shown_is_waited_for",)),
    Mutant("replace where a view reads the target", _TARGET,
           'if self._mode == "replace" and layout.append_only:', "if False:",
           ("integration/test_repair.py::test_replace_is_refused_where_a_view_reads_the_target",)),
    Mutant("no read-back (no second plan)", _ATTEMPT,
           "plan = self._plan(wanted, present)", "return replace(outcome, after=present)",
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
           "if plan.gone > max(REMOVAL_FLOOR, max_share * plan.present):", "if False:",
           ("unit/test_plan.py::test_the_guard",)),
    Mutant("the guard overlooks compensations", "metric_assets/plan.py",
           "return self.removed + self.compensated", "return self.removed",
           ("unit/test_plan.py::test_the_guard",)),
    Mutant("the guard is not asked", _ATTEMPT,
           "guard.check(label, keys, held, self.gone)", "pass",
           ("unit/test_pipeline.py::test_a_removal_beyond_the_guard_is_refused",)),
    Mutant("stage not counted", _PIPELINE,
           "if (held.events, held.total) != (sent.events, sent.total):",
           "if False:",
           ("unit/test_pipeline.py::test_a_stage_that_loses_a_row_is_not_used",)),
    Mutant("rejected rows are left out without a word", _READING,
           "rejections.raise_if_any(scope.ids)", "pass",
           ("unit/test_pipeline.py::test_rejected_rows_leave_the_target_alone",)),
    Mutant("rows not validated", "metric_assets/events.py",
           "schema.validate(events, lazy=True)", "pass",
           ("unit/test_pipeline.py::test_rejected_rows_leave_the_target_alone",)),
    Mutant("no turnstile (the lock is always granted)", "sql/postgres/lock.sql",
           "pg_try_advisory_xact_lock(:key)", ":key IS NOT NULL",
           ("integration/test_faults.py::test_two_runs_of_one_partition_one_waits_outside",)),
    Mutant("no confirmation of the lock before a write", _ATTEMPT,
           "self.turn.confirm()\n            _apply", "_apply",
           ("integration/test_faults.py::test_a_run_that_lost_its_lock_writes_nothing",)),
    Mutant("the lock is asked without a bound", _LOCK,
           "return self._caller.call(asked, ANSWER)", "return self._caller.call(asked, 1e6)",
           ("integration/test_silence.py::test_a_lock_that_does_not_answer_is_no_lock",)),
    Mutant("an interruption waits for the reading thread", _READING, "reading.cancel()", "pass",
           ("integration/test_faults.py::test_a_cancelled_read_ends_in_postgres",)),
    Mutant("an interruption waits for the insert under way", _FILLING, "stage.cancel()", "pass",
           ("unit/test_pipeline.py::test_an_interruption_ends_the_insert_under_way",)),
    Mutant("a retry policy on the assets", "metric_assets/orchestration/assets.py",
           "pool=POOLS[scan.store],",
           "pool=POOLS[scan.store], retry_policy=dg.RetryPolicy(max_retries=4, delay=1),",
           ("end_to_end/test_termination.py::test_terminating_in_the_ui_ends_everything",),
           limit=300),
    Mutant("errors in mid-stream not translated", _ERRORS,
           "psycopg.Error, OSError, pyarrow.lib.ArrowException)", "psycopg.Error)",
           ("integration/test_faults.py::test_a_session_ended_in_mid_stream_is_an_error_that_passes",)),
    Mutant("a timeout in mid-stream taken for a broken connection", _ERRORS,
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
    Mutant("no idle timeout in the session", "sql/postgres/bounds.sql",
           "set_config('idle_in_transaction_session_timeout', :timeout, true)",
           "set_config('idle_in_transaction_session_timeout', '0', true)",
           ("integration/test_races.py::test_a_transaction_left_idle_is_ended_by_the_server",)),
    Mutant("connections kept when a run is over", _DOOR, "self._idle.pop().end()", "return",
           ("integration/test_races.py::test_connections_that_a_run_takes",)),
    Mutant("ids below 0 are not looked at", _IDS,
           "((_FIRST, -1), (grid.end, _LAST))", "((grid.end, _LAST),)",
           ("unit/test_coverage.py::test_what_lies_outside_is_counted",)),
    Mutant("ids above the grid are not walked", _IDS,
           "((_FIRST, -1), (grid.end, _LAST))", "((_FIRST, -1),)",
           ("unit/test_coverage.py::test_rows_out_of_order_far_above_the_crossing_are_seen",)),
    Mutant("a walk steps over ids", _IDS, "position = last + 1", "position = last + 2",
           ("unit/test_coverage.py::test_a_window_is_bounded",)),
    Mutant("rows without a time are not looked at", "sql/entities/outside.sql",
           'OR e.:"created" IS NULL', "",
           ("integration/test_every_id.py::test_windows_are_read_by_the_primary_key",)),
    Mutant("`backfill` is clean while ids lie outside", "metric_assets/cli/backfilling.py",
           " and not outside.sentences", "",
           ("integration/test_every_id.py::test_every_command_names_ids_outside_until_they_are_loaded",),
           limit=300),
    Mutant("`reconcile` is clean while ids lie outside", "metric_assets/cli/reconciling.py",
           " and not outside.sentences", "",
           ("integration/test_every_id.py::test_every_command_names_ids_outside_until_they_are_loaded",),
           limit=300),
    Mutant("a sync drops cells that something may be loaded into", "metric_assets/coverage.py",
           "extra = list(grid.extra)", "extra = []",
           ("unit/test_coverage.py::test_sync_keeps_further_cells",)),
    Mutant("a wish reaches over ids in no partition", "metric_assets/ranges.py",
           "if cell.start > reached:", "if False:",
           ("unit/test_ranges.py::test_a_wish_over_a_gap_is_refused",)),
    Mutant("the target's entityId is not asked", "metric_assets/events.py",
           "*_held(ids, bounds),", "",
           ("integration/test_every_id.py::test_an_id_that_the_target_cannot_hold_is_a_refused_row",)),
    Mutant("a mirror of 32 bits is kept", "metric_assets/stores/mirror.py",
           "if self._is_narrow():", "if False:",
           ("integration/test_every_id.py::test_versions_beyond_32_bits_keep_their_ids_in_the_mirror",)),
    Mutant("`doctor` does not ask for DROP TABLE", "metric_assets/doctor/grants.py",
           '_OF_OTHERS = ("create", "drop", *_OF_TARGET)', '_OF_OTHERS = ("create", *_OF_TARGET)',
           ("integration/test_refusals.py::test_a_missing_grant_is_named",)),
    Mutant("`doctor` does not ask for ALTER DELETE", "metric_assets/doctor/grants.py",
           '_OF_TARGET = ("read", "insert", "remove")', '_OF_TARGET = ("read", "insert")',
           ("integration/test_refusals.py::test_a_missing_grant_is_named",)),
    Mutant("the lock is not a transaction's", "sql/postgres/lock_begin.sql",
           "BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED READ ONLY", "SELECT 1",
           ("integration/test_shown_and_locked.py::test_the_lock_holds_up_no_vacuum",)),
    Mutant("the lock is not tried from a second session", _DOOR, "if granted:", "if False:",
           ("integration/test_shown_and_locked.py::test_a_lock_that_is_granted_twice_is_refused",)),
    Mutant("a lock that is gone is not noticed", _LOCK,
           "if missing := sorted(self._keys.keys() - ours):", "if missing := []:",
           ("integration/test_shown_and_locked.py::test_a_lock_that_is_gone_is_noticed",)),
    Mutant("the role's timeouts end the lock", "sql/postgres/lock_bounds.sql",
           "set_config('idle_in_transaction_session_timeout', '0', true)",
           "current_setting('idle_in_transaction_session_timeout')",
           ("integration/test_shown_and_locked.py::test_the_roles_timeouts_do_not_end_the_lock",)),
    Mutant("a reading is not compared with what was asked", _DOOR, "if broken:", "if False:",
           ("integration/test_shown_and_locked.py::test_a_reading_that_is_not_as_asked_is_refused",)),
    Mutant("policies may hide rows", "sql/postgres/bounds.sql",
           "set_config('row_security', 'off', true)", "'off'",
           ("integration/test_shown_and_locked.py::test_a_policy_that_hides_rows_is_an_error",)),
    Mutant("a dry run takes the partition lock", _PIPELINE,
           "locks.watch(scope, name) if dry_run else locks.enter(scope)", "locks.enter(scope)",
           ("unit/test_pipeline.py::test_a_dry_run_holds_nobody_up",)),
    Mutant("a living dry run is cleaned up", _TARGET, "not is_alive(other)", "True",
           ("integration/test_shown_and_locked.py::test_what_a_dead_dry_run_left",)),
    Mutant("a source that may show less is trusted", _ATTEMPT,
           "guard.check_source(label, plan.metrics, reasons)", "pass",
           ("unit/test_pipeline.py::test_a_source_that_lags_removes_nothing",)),
    Mutant("a later state that was loaded is forgotten", _ATTEMPT,
           "*self.source.overtaken()", "*()",
           ("unit/test_pipeline.py::test_a_state_older_than_the_one_that_was_loaded_removes_nothing",)),
    Mutant("the guard does not judge the run", "metric_assets/plan.py",
           "if removes and self.max_share < 1 and", "if False and",
           ("unit/test_plan.py::test_the_guard_judges_the_run",)),
    Mutant("any engine is a target", "metric_assets/stores/layout.py",
           "if self.engine not in ENGINES:", "if False:",
           ("unit/test_layout.py::test_any_other_engine_is_refused_by_name",)),
    Mutant("a TTL is no ground to refuse", "metric_assets/stores/layout.py",
           "if clause := self._deleting_ttl:", 'if clause := "":',
           ("unit/test_layout.py::test_a_ttl_that_deletes_is_refused",)),
    Mutant("rows are deleted from replicated tables", "metric_assets/stores/layout.py",
           "if self.replicated:", "if False:",
           ("unit/test_layout.py::test_nothing_is_deleted_from_a_replicated_table",)),
    Mutant("a delete is a mutation wherever it could be a patch", "metric_assets/stores/clickhouse.py",
           '"lightweight_delete_mode": "lightweight_update",', "",
           ("integration/test_targets.py::test_a_removal_touches_no_part_of_a_large_table",)),
    Mutant("a delete at any cost", "metric_assets/stores/target.py",
           "return bool(layout.append_only or layout.costly)", "return bool(layout.append_only)",
           ("integration/test_targets.py::test_a_removal_touches_no_part_of_a_large_table",)),
    Mutant("everything in one insert", "metric_assets/stores/stage.py",
           "if len(found) <= PARTITIONS:", "if True:",
           ("integration/test_targets.py::test_an_insert_touches_few_partitions",)),
    Mutant("compensations differ for ever", _SUMMARY,
           "sum(if(metricValue >= 0, 1, -1)) AS net", "count() AS net",
           ("integration/test_targets.py::test_a_removal_touches_no_part_of_a_large_table",)),
    Mutant("several servers behind one address are not refused", _TARGET,
           "if len(servers) < 2 or (layout.shared and layout.cluster):", "if servers:",
           ("integration/test_many_servers.py::test_a_load_through_a_balancer_is_refused",)),
    Mutant("retries without an end", "metric_assets/orchestration/retries.py",
           "if retries >= backoff.max_retries:", "if False:",
           ("unit/test_retries.py::test_after_the_last_retry_the_failure_is_the_cause",)),
    Mutant("what cannot pass is retried", "metric_assets/orchestration/retries.py",
           "if not error.transient:", "if False:",
           ("unit/test_retries.py::test_what_cannot_pass_is_not_retried",)),
    Mutant("a second signal ends the cleaning up", "metric_assets/orchestration/interruptions.py",
           "    del number, frame\n    if _is_first():", "    del number, frame\n    if True:",
           ("unit/test_interruptions.py::test_the_first_signal_raises_and_the_second_does_not",)),
    Mutant("processes of other machines are judged", "metric_assets/orchestration/processes.py",
           "if not machine or machine != _machine() or not pid.isdigit():", "if not pid.isdigit():",
           ("unit/test_processes.py::test_another_machine_is_not_judged",)),
    Mutant("a busy range is clean", "metric_assets/cli/row.py",
           '            (self.busy_ranges, "busy"),\n', "",
           ("unit/test_report.py::test_a_busy_range_is_busy_and_the_others_are_shown",)),
    Mutant("retried ranges count twice", "metric_assets/cli/report.py",
           "for receipt in merged(receipts):", "for receipt in receipts:",
           ("unit/test_report.py::test_a_retried_range_counts_once",)),
    Mutant("a legacy value that is no number counts as 0", "metric_assets/audit.py",
           "if not wrong.is_empty():", "if False:",
           ("unit/test_audit.py::test_a_legacy_value_that_is_no_number_fails_its_pair_and_range_only",)),
    Mutant("a proxy leads to this machine", "metric_assets/stores/clickhouse_address.py",
           "None if self.loopback else check_env_proxy", "check_env_proxy",
           ("unit/test_clickhouse_address.py::test_no_proxy_leads_to_this_machine",)),
    Mutant("a traceback with secrets", "metric_assets/cli/endings.py",
           'blot("".join(traceback.format_exception(error)), os.environ)',
           '"".join(traceback.format_exception(error))',
           ("unit/test_cli.py::test_a_defect_is_one_line_and_a_file",)),
    Mutant("old servers are taken", "metric_assets/stores/clickhouse_address.py",
           "if is_older(version, OLDEST):", "if False:",
           ("unit/test_clickhouse_address.py::test_old_servers_are_refused",)),
)  # fmt: skip
