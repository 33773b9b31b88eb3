"""What operators are shown, and what they say when they act."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from api.bodies import Body, Id, Text
from api.documentation import example
from api.ops.links import LinksView, links_of
from api.ops.unattended import UnattendedView
from api.schemas import HistoryEntry, OrderView, PaymentView
from api.services import Services
from database.queues import Wanted
from domain.case import Case
from domain.checkout import LONGEST_EXTENSION_MINUTES
from domain.dispute import DisputeStatus
from domain.money import decimals_of
from domain.order import OrderStatus
from domain.payment import PaymentStatus, SessionStatus
from domain.queues import Queue
from domain.refund import RefundStatus
from domain.ticket import TicketStatus
from domain.whereabouts import whereabouts

CASE = {
    "id": "ord_0650",
    "user_id": "alice",
    "status": "CREATED",
    "currency": "eur",
    "total_cents": 24000,
    "items": [
        {
            "ticket_type_id": "tkt_064f",
            "name": "Opera, box",
            "quantity": 2,
            "unit_price_cents": 12000,
        }
    ],
    "created_at": "2026-01-31T12:00:00Z",
    "updated_at": "2026-01-31T12:00:00Z",
    "amount_refunded_cents": 0,
    "disputed": False,
    "decimals": 2,
    "money": "With the buyer, as far as we have heard: the payment page is open.",
    "needs_attention": False,
    "attention": None,
    "refunding_cents": 0,
    "dispute": None,
    "payment": {
        "id": "pay_0650",
        "status": "PENDING",
        "session_id": "cs_test_a1",
        "payment_intent": None,
        "deadline": "2026-01-31T12:30:00Z",
        "extendable_until": "2026-01-31T13:00:00Z",
    },
    "links": {
        "workflow": "http://localhost:8233/namespaces/default/workflows/checkout-ord_0650",
        "workflows": "http://localhost:8233/namespaces/default/workflows?query=OrderId+%3D+…",
        "stripe": None,
    },
}


class Search(BaseModel):
    """What an operator looks for; what is left out is left open."""

    status: OrderStatus | None = None
    needs_attention: bool | None = None
    queue: Queue | None = None
    q: Text | None = Field(
        default=None,
        description="an order, user, payment, refund or dispute, or Stripe's session, payment "
        "intent, refund or dispute; of orders and users also how they begin",
    )
    limit: int = Field(default=20, ge=1, le=100)
    starting_after: Id | None = None

    @property
    def wanted(self) -> Wanted:
        """What must be true of an order; a checkout's workflow is known by its order."""
        text = self.q.removeprefix("checkout-") if self.q else None
        return Wanted(self.status, self.needs_attention, text, self.queue)


class Action(Body):
    """Why an operator acts, and what the order was when he decided to."""

    model_config = ConfigDict(
        json_schema_extra=example(reason="the buyer asked for it", expected_status="CREATED")
    )

    reason: Text
    expected_status: OrderStatus = Field(strict=False)


class Extension(Action):
    """By how much the deadline is moved."""

    model_config = ConfigDict(
        json_schema_extra=example(
            reason="the buyer is on the phone", expected_status="CREATED", minutes=15
        )
    )

    minutes: int = Field(default=15, ge=1, le=LONGEST_EXTENSION_MINUTES)


class LastPaymentView(BaseModel):
    """The last attempt to collect the total; an open one has a deadline, which can be moved."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    status: PaymentStatus
    session_id: str | None
    payment_intent: str | None
    deadline: datetime | None
    extendable_until: datetime | None


class CaseView(OrderView):
    """An order as operators see it; `money` says where the money is, `attention` why to look.

    `decimals` is how many an amount has; `refunding_cents` is on its way back.
    """

    model_config = ConfigDict(from_attributes=True, json_schema_extra=example(**CASE))

    decimals: int
    money: str
    needs_attention: bool
    attention: HistoryEntry | None
    refunding_cents: int
    dispute: DisputeStatus | None
    payment: LastPaymentView | None
    links: LinksView

    @classmethod
    def of_case(cls, services: Services, case: Case, **more: SessionStatus | None) -> Self:
        """Return how a case is shown."""
        return cls.model_validate(
            {
                **vars(case.order),
                **vars(case),
                **more,
                "decimals": decimals_of(case.order.currency),
                "money": whereabouts(case.money),
                "refunding_cents": case.money.refunding,
                "links": links_of(services, case),
            }
        )


class RecheckedView(CaseView):
    """The order in line with Stripe; `stripe_says` is null where there was nothing to ask."""

    model_config = ConfigDict(json_schema_extra=example(**CASE, stripe_says="open"))

    stripe_says: SessionStatus | None


class StoryPayment(PaymentView):
    """An attempt to collect the total, until when it waits, and what Stripe took for it."""

    payment_intent: str | None
    captured_cents: int
    expires_at: datetime


class StoryRefund(BaseModel):
    """Money that goes back."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    stripe_id: str | None
    amount_cents: int
    currency: str
    status: RefundStatus
    reason: str
    failure_reason: str | None
    created_at: datetime


class StoryDispute(BaseModel):
    """Money that the buyer's bank asks for."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    amount_cents: int
    currency: str
    reason: str
    status: DisputeStatus
    created_at: datetime


class StoryTicket(BaseModel):
    """A ticket without the code that opens the gate."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    ticket_type_id: str
    status: TicketStatus


class StoryView(BaseModel):
    """All that is known of an order, each list oldest first.

    `unattended` is null unless a payment is awaited and the workflow that should wait is gone.
    """

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra=example(
            case=CASE,
            unattended=None,
            payments=[],
            refunds=[],
            disputes=[],
            tickets=[],
            history=[],
        ),
    )

    case: CaseView
    unattended: UnattendedView | None
    payments: list[StoryPayment]
    refunds: list[StoryRefund]
    disputes: list[StoryDispute]
    tickets: list[StoryTicket]
    history: list[HistoryEntry]


class SummaryView(BaseModel):
    """How many orders wait in each queue."""

    model_config = ConfigDict(
        json_schema_extra=example(
            in_flight=12, stuck=0, needs_attention=1, drift=0, refunds_pending=2, disputes=1
        )
    )

    in_flight: int
    stuck: int
    needs_attention: int
    drift: int
    refunds_pending: int
    disputes: int
