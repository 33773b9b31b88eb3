"""What operators ask of a running checkout: recorded by its handlers, answered by its plot."""

import asyncio
from typing import Generic, TypeVar

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.errors import refusal
    from domain.checkout import (
        LONGEST_EXTENSION_MINUTES,
        ExtendRequest,
        OperatorRequest,
        RecheckRequest,
    )
    from domain.errors import AlreadyAsking, CheckoutOver, NotExtendable, ReasonMissing
    from workflows.story import ENDS, Scene

Request = TypeVar("Request")
Answer = TypeVar("Answer")

WHY_NOT_NOW = {
    Scene.HOLDING: "Stripe has not made the session yet.",
    Scene.CREATING: "Stripe has not made the session yet.",
    Scene.CLOSING: "The session is being closed.",
    Scene.PROCESSING: "A delayed payment is on its way; it has a deadline of days.",
}


class Question(Generic[Request, Answer]):
    """A request that waits for the plot."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self._answer: asyncio.Future[Answer] = asyncio.Future()

    @property
    def is_answered(self) -> bool:
        """Whether the plot has come to it."""
        return self._answer.done()

    @property
    def answer(self) -> Answer:
        """The plot's answer. Raises the ApplicationError with which it refused."""
        return self._answer.result()

    def give(self, answer: Answer) -> None:
        """Answer it."""
        self._answer.set_result(answer)

    def refuse(self, error: ApplicationError) -> None:
        """Say no."""
        self._answer.set_exception(error)


def object_to(request: OperatorRequest, scene: Scene | None) -> None:
    """Refuse, before anything is recorded, what nobody answers for or what comes too late.

    Raises ApplicationError of type `reason_missing` or `checkout_over`.
    """
    if not (request.actor.strip() and request.reason.strip()):
        raise refusal(ReasonMissing())
    if scene in ENDS:
        raise refusal(CheckoutOver())


def object_to_extension(request: ExtendRequest, scene: Scene | None) -> None:
    """Refuse, as `object_to` does, and where there is no deadline that could be moved.

    A checkout that has only just begun has no scene yet: its plot looks.
    Raises ApplicationError, also of type `not_extendable`.
    """
    object_to(request, scene)
    if not 1 <= request.minutes <= LONGEST_EXTENSION_MINUTES:
        raise refusal(NotExtendable(f"Minutes are 1 to {LONGEST_EXTENSION_MINUTES}."))
    if scene in WHY_NOT_NOW:
        raise refusal(NotExtendable(WHY_NOT_NOW[scene]))


def object_to_recheck(request: RecheckRequest, scene: Scene | None) -> None:
    """Refuse, as `object_to` does, and where Stripe is being asked already.

    Raises ApplicationError, also of type `already_asking`.
    """
    object_to(request, scene)
    if scene is Scene.CLOSING:
        raise refusal(AlreadyAsking())
