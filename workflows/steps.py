"""How the steps of the stories are run: every timeout and retry policy stands here.

A step is first tried as a local activity: no round trip through Temporal while all is well. When
PostgreSQL or Stripe is in trouble it becomes a normal activity, which retries patiently and which
operators see pending.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, FailureError

Owner = TypeVar("Owner")
Argument = TypeVar("Argument")
Result = TypeVar("Result")
Step = Callable[[Owner, Argument], Awaitable[Result]]

ONCE = RetryPolicy(maximum_attempts=1)
SOME_TIMES = RetryPolicy(initial_interval=timedelta(milliseconds=100), maximum_attempts=3)
PATIENTLY = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1)
)
DATABASE_TIMEOUT = timedelta(seconds=5)
STRIPE_TIMEOUT = timedelta(seconds=30)
# Temporal takes a workflow task from a worker that is silent for ten seconds.
PROMPT_ANSWER = timedelta(seconds=5)


class StepRefused(Exception):
    """A step said no, for good; the type of `error` is the domain's code."""

    def __init__(self, error: ApplicationError) -> None:
        super().__init__(error.message)
        self.error = error


async def in_database(
    step: Step[Owner, Argument, Result], argument: Argument, *, summary: str
) -> Result:
    """Run a step in PostgreSQL until it is done.

    Raises StepRefused when a rule of the domain says no.
    """
    try:
        return await _promptly(step, argument, DATABASE_TIMEOUT, SOME_TIMES, summary)
    except FailureError as error:
        _raise_refusal(error)
    return await patiently(step, argument, within=DATABASE_TIMEOUT, summary=summary)


async def at_stripe(
    step: Step[Owner, Argument, Result],
    argument: Argument,
    *,
    summary: str,
    give_up_after: timedelta | None = None,
) -> Result:
    """Run a step at Stripe until it is done, or until `give_up_after`.

    Raises StepRefused when Stripe refuses the request itself, ActivityError after giving up.
    """
    try:
        return await _promptly(step, argument, PROMPT_ANSWER, ONCE, summary)
    except FailureError as error:
        _raise_refusal(error)
    return await patiently(
        step, argument, within=STRIPE_TIMEOUT, summary=summary, give_up_after=give_up_after
    )


async def patiently(
    step: Step[Owner, Argument, Result],
    argument: Argument,
    *,
    summary: str,
    within: timedelta = STRIPE_TIMEOUT,
    give_up_after: timedelta | None = None,
) -> Result:
    """Run a step that takes long or is in trouble: operators see it, pending.

    Raises StepRefused when it is refused for good, ActivityError after giving up.
    """
    try:
        return await workflow.execute_activity_method(
            step,
            argument,
            start_to_close_timeout=within,
            schedule_to_close_timeout=give_up_after,
            retry_policy=PATIENTLY,
            summary=summary,
        )
    except ActivityError as error:
        _raise_refusal(error)
        raise


async def _promptly(
    step: Step[Owner, Argument, Result],
    argument: Argument,
    within: timedelta,
    retries: RetryPolicy,
    summary: str,
) -> Result:
    """Run a step inside the workflow task; its error comes as it is, not as an ActivityError."""
    return await workflow.execute_local_activity_method(
        step,
        argument,
        start_to_close_timeout=within,
        retry_policy=retries,
        summary=summary,
    )


def _raise_refusal(error: FailureError) -> None:
    cause = error.cause if isinstance(error, ActivityError) else error
    if isinstance(cause, ApplicationError) and cause.non_retryable:
        raise StepRefused(cause) from error
