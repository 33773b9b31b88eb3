"""Which scripts a random walk may follow."""

from collections.abc import Iterable, Mapping, Sequence
from typing import get_args, get_type_hints

from hypothesis import strategies as st

from trials.walk.buyers import Cancel, Checkout, Pay, PayAtDeadline, PayLate, Return, Settle
from trials.walk.disputes import Dispute, MoveDispute
from trials.walk.operators import (
    Amid,
    Operate,
    Reconcile,
    RequestCancellation,
    Reset,
    Terminate,
    TerminateDelivery,
    TerminateRefund,
)
from trials.walk.refunds import (
    PART,
    TOO_MUCH,
    MoveRefund,
    NextRefund,
    Refund,
    RefundInDashboard,
)
from trials.walk.stage import TICKETS_OF
from trials.walk.steps import AtOnce, Pass, PassToDeadline, Step
from trials.walk.stripe import (
    Alter,
    Deliver,
    DeliverToStrangers,
    Fault,
    PayStranger,
    ReceiverFails,
)

Script = Sequence[Step]
Steps = st.SearchStrategy[Step]


def _weighed(steps: Mapping[Steps, int]) -> Steps:
    """Return one of these strategies, each as often as it weighs; `one_of` knows no weights."""
    bag = [strategy for strategy, weight in steps.items() for _ in range(weight)]
    return st.sampled_from(bag).flatmap(lambda strategy: strategy)


orders = st.integers(0, len(TICKETS_OF) - 1)
checkout: Steps = st.builds(Checkout, orders, st.integers(1, 2))


def _any(step: type[Step], field: str) -> st.SearchStrategy[str]:
    """Return any of the values that a field of a step may have."""
    return st.sampled_from(get_args(get_type_hints(step)[field]))


requests = st.one_of(st.just("create"), st.just("refund"), _any(Fault, "request"))
kinds = _any(Fault, "kind")
fault: Steps = _weighed(
    {
        st.builds(Fault, requests, kinds, st.integers(1, 3), st.sampled_from((500, 503))): 5,
        # Stripe saves neither of these under a key.
        st.builds(Fault, requests, st.just("error_before"), st.integers(1, 3), st.just(429)): 3,
        st.builds(Fault, st.just("create"), st.just("error_before"), st.just(1), st.just(401)): 1,
    }
)
failures = st.lists(st.sampled_from((0, 400, 500, 503)), min_size=1, max_size=9).map(tuple)
currencies = st.sampled_from(("eur", "usd"))
seconds = st.integers(-1, 1)
fields = _any(Alter, "field")
amounts = st.sampled_from((None, PART, PART, PART, TOO_MUCH))


def _steps_of(order: int) -> dict[Steps, int]:
    """Return what may happen to an order or around it, and how often: the weights.

    One order's steps come several in a row: so they meet more often than by chance.
    """
    its = st.just(order)
    return {
        st.builds(Checkout, its, st.integers(1, 2)): 6,
        st.builds(Pay, its, st.sampled_from(("good", "good", "declined", "bank"))): 8,
        st.builds(PayAtDeadline, its, seconds, st.sampled_from(("good", "bank"))): 3,
        st.builds(PayLate, its): 4,
        st.builds(PayStranger, its, st.sampled_from((4500, 50)), currencies): 1,
        st.builds(Alter, its, fields): 1,
        st.builds(Deliver, its, st.integers(-3, -1), st.integers(1, 2)): 4,
        st.builds(Return, its): 2,
        st.builds(Settle, its, st.booleans()): 3,
        st.builds(Cancel, its): 2,
        st.builds(RequestCancellation, its): 1,
        st.builds(Terminate, its): 2,
        st.builds(Reset, its): 1,
        st.builds(Operate, its, _any(Operate, "action"), st.sampled_from((15, 45, 600))): 3,
        st.builds(PassToDeadline, its, seconds): 3,
        fault: 5,
        st.builds(Reconcile): 2,
        st.builds(Pass, st.sampled_from((1, 30, 600, 1900, 90_000))): 1,
        st.builds(DeliverToStrangers, st.sampled_from(("", "ord_of_another_shop"))): 1,
        st.builds(ReceiverFails, failures): 2,
    }


def _after_sale(order: int) -> dict[Steps, int]:
    """Return what may happen to an order behind its payment, and how often."""
    its = st.just(order)
    return {
        st.builds(Refund, its, _any(Refund, "key"), amounts, st.integers(1, 3)): 5,
        st.builds(TerminateRefund, its): 3,
        st.builds(TerminateDelivery, its): 3,
        st.builds(RefundInDashboard, its, st.sampled_from((None, PART))): 2,
        st.builds(NextRefund, _any(NextRefund, "status")): 2,
        st.builds(MoveRefund, its, _any(MoveRefund, "status")): 4,
        st.builds(Dispute, its, st.sampled_from((False, False, True))): 3,
        st.builds(MoveDispute, its, _any(MoveDispute, "status")): 4,
        st.builds(MoveDispute, its, st.sampled_from(("won", "lost"))): 2,
    }


def _interrupted(order: int) -> Steps:
    """Return an operator's step amid an activity that something else has just begun."""
    begun = (Checkout(order), Return(order), Cancel(order), PassToDeadline(order))
    pressed = (Terminate(order), RequestCancellation(order), Reset(order))
    return st.builds(
        lambda first, then: AtOnce([first, Amid(order, then)]),
        st.sampled_from(begun),
        st.sampled_from(pressed),
    )


def _passage(order: int) -> st.SearchStrategy[list[Step]]:
    begun: list[list[Step]] = [[], [Checkout(order)], [Checkout(order)], [Checkout(order, 2)]]
    told: list[Step] = [Checkout(order), Pay(order), Deliver(order)]
    paid: list[list[Step]] = [
        told,
        told,
        [Checkout(order), Pay(order)],
        [Checkout(order), Pay(order, "bank"), Settle(order), Deliver(order)],
        # What is soon over is seldom interrupted by chance.
        [*told, NextRefund("pending"), Refund(order, "a", PART), TerminateRefund(order)],
        [ReceiverFails((500,) * 6), *told, TerminateDelivery(order)],
    ]
    before, after = _steps_of(order), _after_sale(order)
    behind_it = {step: 4 * weight for step, weight in after.items()}
    return st.one_of(
        _story(order, begun, before),
        _story(order, paid, before | behind_it),
    )


def _story(
    order: int, begun: list[list[Step]], steps: dict[Steps, int]
) -> st.SearchStrategy[list[Step]]:
    together = st.lists(_weighed(steps), min_size=2, max_size=3)
    alone_or_not = _weighed(
        {
            **steps,
            st.builds(AtOnce, together): 6,
            _interrupted(order): 3,
        }
    )
    return st.tuples(st.sampled_from(begun), st.lists(alone_or_not, max_size=10)).map(_joined)


def _joined(pieces: Iterable[Sequence[Step]]) -> list[Step]:
    return [step for piece in pieces for step in piece]


# In pieces, for they are longer than one list on the average, and shrink to nothing all the same.
passage = orders.flatmap(_passage)
beginning = st.lists(_weighed({checkout: 3, fault: 1}), max_size=4)
scripts = st.tuples(beginning, passage, passage, passage, passage).map(_joined)
