"""How the steps of the stories are run: every timeout and retry policy stands here.

A step in the database is first tried as a local activity: no round trip through Temporal while all
is well. When PostgreSQL is in trouble it becomes a normal activity, which retries patiently and
which operators see pending. A step at Stripe is a normal activity from the start, but for the one
that a buyer waits for; so is one at the receiver of our events, who may be away for days.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Required, TypedDict, TypeVar, Unpack

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
UNTIL_IT_IS_BACK = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=5)
)
DATABASE_TIMEOUT = timedelta(seconds=5)
# A local activity must end before Temporal misses the workflow task that it is part of.
PROMPT_STRIPE_TIMEOUT = timedelta(seconds=5)
STRIPE_TIMEOUT = timedelta(seconds=30)
LISTING_TIMEOUT = timedelta(minutes=10)
RECEIVER_TIMEOUT = timedelta(seconds=40)


class _Patience(TypedDict, total=False):
    start_to_close_timeout: Required[timedelta]
    schedule_to_close_timeout: timedelta | None
    heartbeat_timeout: timedelta
    summary: Required[str]


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
            retry_policy=SOME_TIMES,
            summary=summary,
        )
    except FailureError as error:  # a local activity's own, not wrapped in an ActivityError
        _raise_refusal(error)
    return await _patiently(
        step, argument, start_to_close_timeout=DATABASE_TIMEOUT, summary=summary
    )


async def promptly_at_stripe(
    step: Step[Owner, Argument, Result],
    argument: Argument,
    *,
    summary: str,
    give_up_after: timedelta,
) -> Result:
    """Run a step at Stripe that somebody waits for: first inside the workflow task, once.

    Not for a step that has Stripe send us an event. Its signal would arrive in the middle of the
    task, and Temporal repeats a task that ended the workflow meanwhile, without its updates.
    """
    try:
        return await workflow.execute_local_activity_method(
            step,
            argument,
            start_to_close_timeout=PROMPT_STRIPE_TIMEOUT,
            retry_policy=ONCE,
            summary=summary,
        )
    except FailureError as error:
        _raise_refusal(error)
    return await at_stripe(step, argument, summary=summary, give_up_after=give_up_after)


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
        step,
        argument,
        start_to_close_timeout=STRIPE_TIMEOUT,
        schedule_to_close_timeout=give_up_after,
        summary=summary,
    )


async def listed_at_stripe(
    step: Step[Owner, Argument, Result], argument: Argument, *, summary: str
) -> Result:
    """Run a step that reads page after page at Stripe, with a heartbeat for each, until done."""
    return await _patiently(
        step,
        argument,
        start_to_close_timeout=LISTING_TIMEOUT,
        heartbeat_timeout=STRIPE_TIMEOUT,
        summary=summary,
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
    step: Step[Owner, Argument, Result], argument: Argument, **how: Unpack[_Patience]
) -> Result:
    try:
        return await workflow.execute_activity_method(step, argument, retry_policy=PATIENTLY, **how)
    except ActivityError as error:
        _raise_refusal(error)
        raise


def _raise_refusal(error: FailureError) -> None:
    cause = error.cause if isinstance(error, ActivityError) else error
    if isinstance(cause, ApplicationError) and cause.non_retryable:
        raise StepRefused(cause) from error
