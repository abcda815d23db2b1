"""Retries: what time can heal is tried again, an interruption never.

Belongs here: what an error of ours becomes in a step. Does not belong here: which errors pass
(errors).
"""

import dagster as dg

from metric_assets.errors import MetricAssetsError

#: Delays only. As the retry policy of an asset it would have terminated runs begin again: Dagster
#: applies a policy to interruptions, too.
BACKOFF = dg.RetryPolicy(
    max_retries=4, delay=5, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS
)


def step_error(error: MetricAssetsError, retries_so_far: int) -> Exception:
    """What a step has to raise in place of an error of ours."""
    if error.transient:
        return dg.RetryRequested(
            max_retries=BACKOFF.max_retries,
            seconds_to_wait=BACKOFF.calculate_delay(retries_so_far + 1),
        )
    return dg.Failure(str(error), allow_retries=False)
