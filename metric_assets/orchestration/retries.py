"""Retries: a transient error is tried again and says so, an interruption never.

Belongs here: what an error of ours becomes in a step. Does not belong here: which errors are
transient (errors).
"""

from __future__ import annotations

import dagster as dg

from metric_assets.errors import MetricAssetsError
from metric_assets.operations.listener import Listener, Retry

#: Delays only. As the retry policy of an asset it would have terminated runs begin again: Dagster
#: applies a policy to interruptions, too.
BACKOFF = dg.RetryPolicy(
    max_retries=4, delay=5, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS
)


def step_error(
    error: MetricAssetsError,
    context: dg.OpExecutionContext,
    listener: Listener,
    backoff: dg.RetryPolicy = BACKOFF,
) -> Exception:
    """What a step has to raise in place of an error of ours.

    A retry is logged in the run and told to the listener before it begins. Once retries are used
    up, or where none can help, the failure is the cause itself.
    """
    retries = context.retry_number
    if not error.transient:
        return dg.Failure(str(error), allow_retries=False)
    if retries >= backoff.max_retries:
        return dg.Failure(f"{error} (tried {retries + 1} times)", allow_retries=False)
    seconds = backoff.calculate_delay(retries + 1)
    retry = Retry(context.op.name, str(error), seconds, retries + 2, backoff.max_retries + 1)
    context.log.warning(retry.sentence)
    listener.retrying(retry)
    return dg.RetryRequested(max_retries=backoff.max_retries, seconds_to_wait=seconds)
