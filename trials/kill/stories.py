"""What buyers may do, and who comes when: drawn before the run, from its seed."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Story(StrEnum):
    """What a buyer does once there is something to pay."""

    PAY_AND_RETURN = "pays and returns"
    PAY_AND_VANISH = "pays and vanishes"
    DECLINE_THEN_PAY = "is declined, then pays"
    PRESS_TWICE = "presses twice, then pays"
    PAY_AT_THE_DEADLINE = "pays at the deadline"
    PAY_BEHIND_THE_DEADLINE = "is charged when his session has long been closed"
    NEVER_PAY = "never pays"
    CANCEL = "cancels"
    PAY_AND_CANCEL = "pays and cancels at once"
    CANCEL_AND_BE_CHARGED = "cancels, and is charged all the same"
    PAY_BY_BANK = "pays by bank debit, which takes a while"
    PAY_BY_BANK_IN_VAIN = "pays by bank debit, which fails after a while"
    PAY_A_STRANGER = "pays in a session that names his order and is not ours"


class Aftermath(StrEnum):
    """What comes of it, once he has paid."""

    NOTHING = "nothing"
    REFUND_ALL = "an operator gives all back"
    REFUND_A_PART = "an operator gives a part back"
    REFUND_BY_TWO = "two operators give back at once what may be too much together"
    REFUND_COMES_BACK = "all is given back, and his bank returns it"
    REFUND_IN_DASHBOARD = "somebody gives money back in Stripe's dashboard"
    REFUND_EVERYWHERE = "an operator and somebody in the dashboard do so at once"
    DISPUTE_LOST = "he disputes the payment, and wins"
    DISPUTE_WON = "he disputes the payment in vain"
    INQUIRY = "his bank only inquires"
    DISPUTE_AND_REFUND = "he disputes the payment while an operator gives it back"


_PAYS_IN_THE_END = frozenset(Story) - {
    *(Story.NEVER_PAY, Story.CANCEL, Story.PAY_BY_BANK_IN_VAIN),
}
# Most payments just stay.
_AFTERMATHS = (*Aftermath, *(Aftermath.NOTHING,) * 6)
# These come by nearly every activity, and by those that others seldom lead to.
_FAR_REACHING = (
    *(Story.CANCEL_AND_BE_CHARGED, Story.PAY_AND_RETURN, Story.PAY_AND_VANISH),
    *(Story.PAY_BY_BANK_IN_VAIN, Story.PAY_A_STRANGER),
)


@dataclass(frozen=True)
class Plan:
    """One buyer; `seed` is for the rest of the chances he takes."""

    story: Story
    aftermath: Aftermath
    ticket_type: int
    quantity: int
    seed: int


def draw(chance: random.Random, orders: int, ticket_types: int) -> list[Plan]:
    """Draw the plans of as many buyers."""
    return [_plan(chance, list(Story), _AFTERMATHS, ticket_types) for _ in range(orders)]


def far_reaching(chance: random.Random, ticket_types: int) -> Iterator[Plan]:
    """Draw plans without end, of stories that come by points where few pass."""
    while True:
        yield _plan(chance, _FAR_REACHING, list(Aftermath), ticket_types)


def _plan(
    chance: random.Random,
    stories: Sequence[Story],
    aftermaths: Sequence[Aftermath],
    ticket_types: int,
) -> Plan:
    story, aftermath = chance.choice(stories), chance.choice(aftermaths)
    return Plan(
        story=story,
        aftermath=aftermath if story in _PAYS_IN_THE_END else Aftermath.NOTHING,
        ticket_type=chance.randrange(ticket_types),
        quantity=chance.randint(1, 3),
        seed=chance.getrandbits(32),
    )
