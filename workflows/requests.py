"""What may be asked of a running checkout, and by whom: Stripe, the buyer, operators."""

from collections import deque
from datetime import datetime
from typing import Any, TypeVar

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.errors import refusal
    from domain.checkout import CancelRequest, CheckoutOutcome, ExtendRequest, RecheckRequest
    from domain.errors import AlreadyPaid, OrderNotPayable, PaymentProcessing
    from domain.order import OrderStatus
    from domain.payment import (
        Attempt,
        CheckoutSession,
        PaymentReport,
        PaymentStatus,
        SessionStatus,
    )
    from workflows.questions import Question, object_to, object_to_extension, object_to_recheck
    from workflows.steps import StepRefused
    from workflows.story import Scene

Answer = TypeVar("Answer")
TOO_LATE = "The order can no longer be paid."


class CheckoutRequests:
    """The handlers of a checkout: they record what came, and wait for what the plot makes of it.

    What makes no sense is refused by a validator, and leaves no trace in the workflow's history.
    """

    def __init__(self) -> None:
        self._scene: Scene | None = None
        self._attempt: Attempt | None = None
        self._session: CheckoutSession | None = None
        self._reports: deque[PaymentReport] = deque()
        self._look = False
        self._cancel: CancelRequest | None = None
        self._extensions: deque[Question[ExtendRequest, datetime]] = deque()
        self._rechecks: deque[Question[RecheckRequest, SessionStatus]] = deque()
        self._refusal: StepRefused | None = None
        self._outcome: CheckoutOutcome | None = None

    @workflow.signal
    def payment_completed(self, report: PaymentReport) -> None:
        """Stripe said, in a signed event, that a session was paid; that can never change again."""
        if report.status is SessionStatus.PAID:
            self._reports.append(report)
        else:
            self._look = True

    @workflow.signal
    def look_at_stripe(self) -> None:
        """Something may have changed at Stripe: an event hints at it, or the buyer came back."""
        self._look = True

    @workflow.update
    async def checkout_session(self) -> CheckoutSession:
        """Return the session to pay in, as soon as there is one.

        Fails with `order_not_payable`, `sold_out` or `session_refused`.
        """
        await workflow.wait_condition(lambda: self._session is not None or self._is_over)
        if self._refusal:
            raise self._refusal.error
        if self._session is None or self._is_over or self._is_processing:
            raise refusal(OrderNotPayable(TOO_LATE))
        return self._session

    @workflow.update
    async def cancel(self, request: CancelRequest) -> OrderStatus:
        """Cancel the order, unless Stripe says that the buyer was faster.

        Fails with `already_paid` or `payment_processing`.
        """
        self._cancel = self._cancel or request
        await workflow.wait_condition(lambda: self._cancel is None or self._is_over)
        if not self._is_over:
            raise refusal(PaymentProcessing())
        if self._outcome is not CheckoutOutcome.CANCELLED:
            raise refusal(AlreadyPaid())
        return OrderStatus.CANCELLED

    @cancel.validator
    def _object_to_cancel(self, request: CancelRequest) -> None:
        object_to(request, self._scene)

    @workflow.update
    async def extend(self, request: ExtendRequest) -> datetime:
        """Give the buyer more time; return the new deadline (UTC).

        Fails with `not_extendable`, or `order_not_payable` when the order was decided meanwhile.
        """
        question = Question[ExtendRequest, datetime](request)
        self._extensions.append(question)
        return await self._answer_to(question)

    @extend.validator
    def _object_to_extension(self, request: ExtendRequest) -> None:
        object_to_extension(request, self._scene)

    @workflow.update
    async def recheck(self, request: RecheckRequest) -> SessionStatus:
        """Ask Stripe now, and return what it said once the order is in line with it.

        Fails with `order_not_payable` when the order was decided meanwhile.
        """
        question = Question[RecheckRequest, SessionStatus](request)
        self._rechecks.append(question)
        return await self._answer_to(question)

    @recheck.validator
    def _object_to_recheck(self, request: RecheckRequest) -> None:
        object_to_recheck(request, self._scene)

    async def _answer_to(self, question: Question[Any, Answer]) -> Answer:
        await workflow.wait_condition(lambda: question.is_answered or self._is_over)
        if question.is_answered:
            return question.answer
        raise self._refusal.error if self._refusal else refusal(OrderNotPayable(TOO_LATE))

    @property
    def _something_came(self) -> bool:
        return bool(self._reports or self._look or self._somebody_asks)

    @property
    def _somebody_asks(self) -> bool:
        """Whether a person wants something of the checkout, other than to pay."""
        return bool(self._cancel or self._extensions or self._rechecks)

    @property
    def _is_over(self) -> bool:
        return self._outcome is not None

    @property
    def _is_processing(self) -> bool:
        return self._attempt is not None and self._attempt.status is PaymentStatus.PROCESSING
