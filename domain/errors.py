"""The ways the business says no: a stable code for programs and a sentence for people."""

from typing import ClassVar


class DomainError(Exception):
    """A rule refused the request; nothing was changed. `code` is visible from outside."""

    code: ClassVar[str]

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class OrderNotFound(DomainError):
    """No such order for this caller; a foreign order and an unknown one look the same."""

    code = "order_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such order.")


class TicketTypeNotFound(DomainError):
    """A ticket type that does not exist."""

    code = "ticket_type_not_found"

    def __init__(self, ticket_type_id: str) -> None:
        super().__init__(f"There is no ticket type {ticket_type_id!r}.")


class UnknownTicketType(TicketTypeNotFound):
    """An order for a ticket type that does not exist: the order is wrong, not its address."""


class InvalidOrder(DomainError):
    """An order that could never be sold: mixed currencies, too many tickets, an odd amount."""

    code = "invalid_order"


class OrderNotPayable(DomainError):
    """The order is PAID, CANCELLED or later, or its payment is already under way."""

    code = "order_not_payable"


class SoldOut(DomainError):
    """The tickets cannot be held: too few are left at the moment."""

    code = "sold_out"

    def __init__(self) -> None:
        super().__init__("There are not enough tickets left to hold this order.")


class AlreadyPaid(DomainError):
    """The order cannot be cancelled: the payment was made."""

    code = "already_paid"

    def __init__(self) -> None:
        super().__init__("The payment for this order was already made.")


class PaymentProcessing(DomainError):
    """The order cannot be cancelled now: a delayed payment is on its way."""

    code = "payment_processing"

    def __init__(self) -> None:
        super().__init__("A payment for this order is being processed; it cannot be stopped.")


class CheckoutOver(DomainError):
    """The order's checkout has ended; there is nothing in it to ask for any more."""

    code = "checkout_over"

    def __init__(self) -> None:
        super().__init__("The checkout is over.")


class ReasonMissing(DomainError):
    """Whoever acts on somebody else's order says who he is and why."""

    code = "reason_missing"

    def __init__(self) -> None:
        super().__init__("An actor and a reason are needed.")


class NotExtendable(DomainError):
    """The deadline cannot be moved, or not as far."""

    code = "not_extendable"


class AlreadyAsking(DomainError):
    """Stripe is being asked to close the session; what it answers decides."""

    code = "already_asking"

    def __init__(self) -> None:
        super().__init__("The session is being closed: Stripe is being asked at this moment.")


class StateChanged(DomainError):
    """The order is no longer as the operator saw it when he decided what to do."""

    code = "state_changed"


class SessionRefused(DomainError):
    """Stripe refused the Checkout Session itself; repeating the request would not help."""

    code = "session_refused"


class RefundRefused(DomainError):
    """Stripe refused to give the money back; a person has to look."""

    code = "refund_refused"


class OutgoingEventNotFound(DomainError):
    """No such event was ever told to other systems."""

    code = "outgoing_event_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such outgoing event.")


class NothingToRefund(DomainError):
    """The order was not paid, or all of it has been given back or is on its way."""

    code = "nothing_to_refund"

    def __init__(self) -> None:
        super().__init__("There is nothing left of this order that could be given back.")


class AmountTooLarge(DomainError):
    """More than is left of the payment was to be given back."""

    code = "amount_too_large"


class PaymentDisputed(DomainError):
    """The buyer's bank decides about this money; giving it back as well would pay twice."""

    code = "payment_disputed"

    def __init__(self) -> None:
        super().__init__("The payment is disputed; the dispute decides where the money goes.")
