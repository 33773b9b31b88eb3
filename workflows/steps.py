"""How the steps of the stories are run: every timeout and retry policy stands here.

A step in the database is a local activity: no round trip through Temporal while all is well. When
PostgreSQL is in trouble it becomes a normal activity, which retries patiently and which operators
see pending. A step at Stripe is a normal activity from the start, for the same reason, and so is
one at the receiver of our events, who may be away for days.
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

QUICKLY = RetryPolicy(initial_interval=timedelta(milliseconds=100), maximum_attempts=3)
PATIENTLY = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1)
)
UNTIL_IT_IS_BACK = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=5)
)
DATABASE_TIMEOUT = timedelta(seconds=5)
STRIPE_TIMEOUT = timedelta(seconds=30)
RECEIVER_TIMEOUT = timedelta(seconds=40)


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
        return await workflow.execute_local_activity_method(
            step,
            argument,
            start_to_close_timeout=DATABASE_TIMEOUT,
            retry_policy=QUICKLY,
            summary=summary,
        )
    except FailureError as error:  # a local activity's own, not wrapped in an ActivityError
        _raise_refusal(error)
    return await _patiently(step, argument, within=DATABASE_TIMEOUT, summary=summary)


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
    return await _patiently(
        step, argument, within=STRIPE_TIMEOUT, summary=summary, give_up_after=give_up_after
    )


async def at_receiver(
    step: Step[Owner, Argument, Result], argument: Argument, *, summary: str
) -> Result:
    """Run a step at the receiver of our events until it is done, however long that takes."""
    return await workflow.execute_activity_method(
        step,
        argument,
        start_to_close_timeout=RECEIVER_TIMEOUT,
        retry_policy=UNTIL_IT_IS_BACK,
        summary=summary,
    )


async def _patiently(
    step: Step[Owner, Argument, Result],
    argument: Argument,
    *,
    within: timedelta,
    summary: str,
    give_up_after: timedelta | None = None,
) -> Result:
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


def _raise_refusal(error: FailureError) -> None:
    cause = error.cause if isinstance(error, ActivityError) else error
    if isinstance(cause, ApplicationError) and cause.non_retryable:
        raise StepRefused(cause) from error
