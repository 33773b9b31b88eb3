"""What happens when a buyer pays: payment intents and charges, by test card or bank account.

https://docs.stripe.com/testing
"""

import re
from enum import Enum

from stripe_sandbox import charges, sessions
from stripe_sandbox.account import SOON_SECONDS, Account
from stripe_sandbox.errors import StripeError
from stripe_sandbox.store import Document

NEEDS_3DS = "4000002500003155"
DECLINES: dict[str, tuple[str, str | None, str]] = {
    "4000000000000002": ("card_declined", "generic_decline", "Your card was declined."),
    "4000000000009995": (
        "card_declined",
        "insufficient_funds",
        "Your card lacks the funds.",
    ),
    "4000000000009987": ("card_declined", "lost_card", "Your card was declined."),
    "4000000000000069": ("expired_card", None, "Your card has expired."),
    "4000000000000127": ("incorrect_cvc", None, "Your card's security code is incorrect."),
    "4000000000000119": ("processing_error", None, "An error occurred while processing your card."),
}
DEBITS = {"000123456789": True, "000111111116": False}


class Outcome(Enum):
    """What a card or a bank account did."""

    PAID = "paid"
    AUTHENTICATE = "authenticate"
    PROCESSING = "processing"


def pay_by_card(
    account: Account,
    session_id: str,
    number: str,
    *,
    late: bool = False,
    by_hand: bool = False,
) -> Outcome:
    """Pay a session by card. Raises StripeError: 402 when declined, 400 when it is not open.

    `late` takes the money of a session that has expired, too. `by_hand`: what follows later, such
    as a refund that fails, follows when the admin API says so and not by itself.
    """
    session = _unpaid(account, session_id) if late else _open(account, session_id)
    digits = re.sub(r"[\s-]", "", number)
    intent = _intent(account, session)
    if digits in DECLINES:
        raise charges.decline(account, intent, *DECLINES[digits])
    if not re.fullmatch(r"\d{13,19}", digits) or not _luhn(digits):
        raise charges.decline(
            account, intent, "incorrect_number", None, "Your card number is incorrect."
        )
    if digits == NEEDS_3DS:
        intent["status"] = "requires_action"
        account.save(intent)
        return Outcome.AUTHENTICATE
    _complete(account, session, intent, digits, by_hand=by_hand)
    return Outcome.PAID


def authenticate(account: Account, session_id: str, *, complete: bool) -> None:
    """Answer 3-D Secure: the card pays, or it is declined and can be tried again.

    Raises StripeError: 402 when it failed, 400 when nobody asked.
    """
    session = _open(account, session_id)
    intent = _intent(account, session)
    if intent["status"] != "requires_action":
        raise StripeError(400, "This payment does not wait for 3-D Secure.")
    if not complete:
        message = "We are unable to authenticate your payment method."
        code = "payment_intent_authentication_failure"
        raise charges.decline(account, intent, code, None, message)
    _complete(account, session, intent, NEEDS_3DS)


def pay_by_bank(
    account: Account, session_id: str, number: str, *, by_hand: bool = False
) -> Outcome:
    """Begin a bank debit: the session is complete, the money comes or fails later.

    `by_hand`: not by itself after a while, but when the admin API says so. Raises StripeError.
    """
    if number not in DEBITS:
        raise StripeError(402, "The bank account number is incorrect.", type="card_error")
    session = _open(account, session_id)
    intent = _intent(account, session)
    intent["status"] = "processing"
    intent["payment_method_types"] = ["us_bank_account"]
    account.save(intent)
    sessions.close(account, session, "complete")
    due = {
        "id": session_id,
        "object": "settlement",
        "succeeds": DEBITS[number],
        "by_hand": by_hand,
        "last4": number[-4:],
        "done": False,
    }
    account.save(due)
    if not by_hand:
        account.plan("settle payment", session_id, account.now() + SOON_SECONDS)
    account.emit("payment_intent.processing", intent)
    account.emit("checkout.session.completed", session)
    return Outcome.PROCESSING


def settle(account: Account, session_id: str, *, succeeds: bool) -> Document:
    """End a delayed payment now. Raises StripeError 400 when there is none."""
    session = sessions.find(account, session_id)
    due = account.store.get("settlement", session_id)
    if due is None or due["done"]:
        raise StripeError(400, "This session has no payment that is under way.")
    due["done"] = True
    account.save(due)
    intent = account.find("payment_intent", session["payment_intent"])
    if succeeds:
        session["payment_status"] = "paid"
        method = {"type": "us_bank_account", "us_bank_account": {"last4": due["last4"]}}
        account.save(session)
        charges.capture(account, intent, method, by_hand=due["by_hand"])
        account.emit("checkout.session.async_payment_succeeded", session)
    else:
        intent["status"] = "requires_payment_method"
        intent["last_payment_error"] = {"type": "api_error", "message": "The debit failed."}
        account.save(intent)
        account.emit("payment_intent.payment_failed", intent)
        account.emit("checkout.session.async_payment_failed", session)
    return session


def settle_by_itself(account: Account, session_id: str) -> None:
    """End a delayed payment as its account number wants it, if nobody has ended it."""
    due = account.store.get("settlement", session_id)
    if due and not due["done"]:
        settle(account, session_id, succeeds=due["succeeds"])


def _complete(
    account: Account, session: Document, intent: Document, card: str, *, by_hand: bool = False
) -> None:
    session["payment_status"] = "paid"
    sessions.close(account, session, "complete")
    method = {"type": "card", "card": {"last4": card[-4:]}}
    charges.capture(account, intent, method, by_hand=by_hand)
    account.emit("checkout.session.completed", session)


def _open(account: Account, session_id: str) -> Document:
    session = sessions.find(account, session_id)
    if session["status"] != "open":
        raise StripeError(400, f"This Checkout Session is {session['status']}.")
    return session


def _unpaid(account: Account, session_id: str) -> Document:
    session = sessions.find(account, session_id)
    if session["status"] == "complete":
        raise StripeError(400, "This Checkout Session is complete.")
    return session


def _intent(account: Account, session: Document) -> Document:
    if session["payment_intent"]:
        return account.find("payment_intent", session["payment_intent"])
    intent = {
        "id": account.new_id("pi"),
        "object": "payment_intent",
        "amount": session["amount_total"],
        "amount_received": 0,
        "capture_method": "automatic",
        "created": account.now(),
        "currency": session["currency"],
        "customer": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": sessions.intent_metadata(account, session["id"]),
        "payment_method_types": ["card"],
        "status": "requires_payment_method",
    }
    account.save(intent)
    account.emit("payment_intent.created", intent)
    # The session keeps the intent from the first try on; Stripe shows it once it is complete.
    session["payment_intent"] = intent["id"]
    account.save(session)
    return intent


def _luhn(digits: str) -> bool:
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(number // 10 + number % 10 for number in doubled) % 10 == 0
