"""The story of one checkout, from held tickets to PAID or CANCELLED."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.attempts import Attempts
    from activities.sessions import Sessions
    from activities.settlement import Settlements
    from domain.checkout import (
        CancelRequest,
        CheckoutOutcome,
        CloseAttempt,
        CloseReason,
        ExtendRequest,
        Extension,
        HoldTickets,
        OrderRef,
        ProcessingPayment,
        Recheck,
    )
    from domain.order import OrderStatus
    from domain.payment import (
        Attempt,
        PaymentReport,
        PaymentStatus,
        SessionStatus,
        Settlement,
    )
    from workflows.questions import Question
    from workflows.requests import CheckoutRequests
    from workflows.search_attributes import ORDER_STATUS, PAYMENT_DEADLINE
    from workflows.settlement import ask_for_attention, give_back, settle
    from workflows.steps import StepRefused, at_stripe, in_database, promptly_at_stripe
    from workflows.story import Scene, tell

ASK_ABOUT_PROCESSING_EVERY = timedelta(days=1)


@workflow.defn
class CheckoutWorkflow(CheckoutRequests):
    """One checkout of one order. Its handlers record what came; the plot here decides."""

    @workflow.init
    def __init__(self, order: OrderRef) -> None:
        super().__init__()
        self._order_id = order.order_id
        self._deadline: datetime | None = None
        self._told: PaymentReport | None = None

    @workflow.run
    async def run(self, order: OrderRef) -> CheckoutOutcome:
        """Tell the story to its end, whatever interrupts.

        A request to cancel the workflow, from the UI or the CLI, is recorded like every other
        request: the plot runs in a task of its own, which the interruption does not reach.
        """
        plot = asyncio.create_task(self._plot())
        try:
            return await asyncio.shield(plot)
        except asyncio.CancelledError:
            self._cancel = CancelRequest("operator", "cancellation of the workflow was requested")
            return await plot

    async def _plot(self) -> CheckoutOutcome:
        self._outcome = await self._sell()
        if self._outcome is not CheckoutOutcome.REFUSED:
            workflow.upsert_search_attributes([ORDER_STATUS.value_set(self._outcome)])
        self._tell(Scene(self._outcome))
        await workflow.wait_condition(workflow.all_handlers_finished)
        while self._reports:
            await settle(self._reports.popleft())
        return self._outcome

    async def _sell(self) -> CheckoutOutcome:
        try:
            attempt = await self._hold_tickets()
            if attempt is None:
                return await self._end_without_attempt()
            await self._create_session(attempt)
        except StepRefused as refused:
            return await self._refuse(refused)
        self._tell(Scene.WAITING)
        while True:
            await self._wait_for_something()
            if outcome := await self._do_what_comes_first(attempt):
                return outcome

    async def _hold_tickets(self) -> Attempt | None:
        self._tell(Scene.HOLDING)
        wanted = HoldTickets(self._order_id, workflow.now(), adopt_only=self._somebody_asks)
        attempt = await in_database(Attempts.hold_tickets, wanted, summary="hold the tickets")
        if attempt:
            self._attempt, self._deadline = attempt, attempt.expires_at
            self._look = self._look or self._is_processing
            workflow.upsert_search_attributes([PAYMENT_DEADLINE.value_set(attempt.expires_at)])
        return attempt

    async def _create_session(self, attempt: Attempt) -> None:
        self._tell(Scene.CREATING)
        try:
            self._session = await promptly_at_stripe(
                Sessions.create_session,
                attempt,
                summary="create the Checkout Session",
                give_up_after=max(self._time_left, timedelta(seconds=1)),
            )
        except ActivityError:  # the deadline came before Stripe's answer
            self._reports.appendleft(await self._close_session(attempt))

    async def _refuse(self, refused: StepRefused) -> CheckoutOutcome:
        if self._cancel:
            return await self._cancel_order(CloseReason.CANCELLED)
        self._refusal = refused
        closing = self._closing(CloseReason.REFUSED, refused.error.message)
        status = await in_database(
            Attempts.refuse_checkout, closing, summary="give everything back"
        )
        if status in OUTCOMES:  # decided before: this workflow was reset to its start
            workflow.upsert_search_attributes([ORDER_STATUS.value_set(status)])
        return CheckoutOutcome.REFUSED

    async def _end_without_attempt(self) -> CheckoutOutcome:
        if self._cancel:
            return await self._cancel_order(CloseReason.CANCELLED)
        return CheckoutOutcome.REFUSED

    async def _wait_for_something(self) -> None:
        with suppress(TimeoutError):
            await workflow.wait_condition(
                lambda: self._something_came, timeout=self._time_left, timeout_summary="deadline"
            )

    async def _do_what_comes_first(self, attempt: Attempt) -> CheckoutOutcome | None:
        """Return how the story ended; None means that it goes on."""
        if self._extensions and self._time_left and not (self._reports or self._cancel):
            await self._extend(self._extensions.popleft())
            return None
        asking = [self._rechecks.popleft() for _ in range(len(self._rechecks))]
        report = await self._next_report(attempt)
        for question in asking:
            recheck = Recheck(self._order_id, question.request, report)
            await in_database(Attempts.record_recheck, recheck, summary="an operator asked Stripe")
        outcome = await self._decide(report)
        for question in asking:
            question.give(report.status)
        return outcome

    async def _next_report(self, attempt: Attempt) -> PaymentReport:
        """Return what Stripe says, by an event or because it is asked now."""
        self._told = self._reports.popleft() if self._reports else None
        if self._told:
            return self._told
        if self._cancel or not self._time_left:
            return await self._close_session(attempt)
        self._look = False
        return await at_stripe(Sessions.check_session, attempt, summary="look at Stripe")

    async def _extend(self, question: Question[ExtendRequest, datetime]) -> None:
        assert self._attempt is not None
        request = question.request
        until = self._attempt.expires_at + timedelta(minutes=request.minutes)
        extension = Extension(self._attempt, until, request.actor, request.reason)
        try:
            self._attempt = await in_database(
                Attempts.extend_deadline, extension, summary="an operator moves the deadline"
            )
        except StepRefused as refused:
            question.refuse(refused.error)
            return
        self._deadline = until
        if self._session:
            self._session = replace(self._session, expires_at=until)
        workflow.upsert_search_attributes([PAYMENT_DEADLINE.value_set(until)])
        self._tell(Scene.WAITING)
        question.give(until)

    async def _close_session(self, attempt: Attempt) -> PaymentReport:
        self._tell(Scene.CLOSING)
        return await at_stripe(Sessions.close_session, attempt, summary="close the session")

    async def _decide(self, report: PaymentReport) -> CheckoutOutcome | None:
        """Only what Stripe says counts; None means that the story goes on."""
        match report.status:
            case SessionStatus.PAID:
                return await self._take_payment(report)
            case SessionStatus.PROCESSING:
                await self._wait_for_delayed_payment()
                return None
            case SessionStatus.FAILED:
                return await self._cancel_order(CloseReason.PAYMENT_FAILED)
            case SessionStatus.EXPIRED:
                return await self._cancel_order(self._why_expired)
            case SessionStatus.OPEN:
                return None

    async def _take_payment(self, report: PaymentReport) -> CheckoutOutcome | None:
        match await settle(report):
            case Settlement.PAID:
                return CheckoutOutcome.PAID
            case Settlement.LATE:  # somebody else has decided the order
                return await self._cancel_order(CloseReason.CANCELLED)
            case Settlement.SET_ASIDE if report is self._told:
                self._look = True  # what does Stripe itself say of our session?
                return None
            case Settlement.SET_ASIDE:
                outcome = await self._cancel_order(CloseReason.PAYMENT_MISMATCH)
                await give_back(report)
                return outcome

    async def _wait_for_delayed_payment(self) -> None:
        """Keep the tickets held: never CANCELLED while Stripe could still take the money."""
        assert self._attempt is not None
        if self._attempt.status is not PaymentStatus.PROCESSING:
            payment = ProcessingPayment(self._order_id, self._attempt.id, workflow.now())
            self._attempt = await in_database(
                Settlements.mark_processing, payment, summary="a delayed payment began"
            )
        elif workflow.now() >= self._attempt.expires_at:
            await ask_for_attention(
                self._order_id, "the delayed payment takes longer than it should"
            )
        self._cancel = None
        self._deadline = workflow.now() + ASK_ABOUT_PROCESSING_EVERY
        self._tell(Scene.PROCESSING)

    async def _cancel_order(self, reason: CloseReason) -> CheckoutOutcome:
        closing = self._closing(reason, self._cancel.reason if self._cancel else "")
        status = await in_database(Attempts.cancel_order, closing, summary="cancel the order")
        return OUTCOMES.get(status, CheckoutOutcome.REFUSED)

    def _closing(self, reason: CloseReason, detail: str) -> CloseAttempt:
        return CloseAttempt(
            order_id=self._order_id,
            payment_id=self._attempt.id if self._attempt else None,
            reason=reason,
            actor=self._cancel.actor if self._cancel else "checkout",
            detail=detail,
        )

    @property
    def _why_expired(self) -> CloseReason:
        if self._cancel:
            return CloseReason.CANCELLED
        return CloseReason.SESSION_EXPIRED if self._time_left else CloseReason.DEADLINE

    @property
    def _time_left(self) -> timedelta:
        assert self._deadline is not None
        return max(self._deadline - workflow.now(), timedelta(0))

    def _tell(self, scene: Scene) -> None:
        self._scene = scene
        session_id = self._session.session_id if self._session else None
        workflow.set_current_details(tell(scene, self._order_id, self._attempt, session_id))


OUTCOMES = {
    OrderStatus.PAID: CheckoutOutcome.PAID,
    OrderStatus.CANCELLED: CheckoutOutcome.CANCELLED,
}
