"""The balance: every movement of money is a transaction, and they add up."""

from typing import Any, cast

import pytest
import stripe
from stripe import BalanceTransaction
from stripe.params import BalanceTransactionListParams

from tests.sandbox.buying import GOOD_ACCOUNT, Sandbox

TOTAL = 9000
FEE = 291  # 2.9 % of 90 euros, and 30 cents
DISPUTE_FEE = 1500


@pytest.fixture
def sandbox(fresh_sandbox: Sandbox) -> Sandbox:
    """A sandbox of the test's own, so that nobody else's money is in its balance."""
    return fresh_sandbox


async def transactions(sandbox: Sandbox, **filters: Any) -> list[tuple[str, int, int, int]]:
    """Return type, amount, fee and net of the transactions, oldest first."""
    params = cast("BalanceTransactionListParams", {"limit": 100} | filters)
    found = await sandbox.sdk.v1.balance_transactions.list_async(params)
    return [(entry.type, entry.amount, entry.fee, entry.net) for entry in found.data[::-1]]


async def retrieved(sandbox: Sandbox, transaction: Any) -> BalanceTransaction:
    """Return the transaction that an object names."""
    assert isinstance(transaction, str)
    return await sandbox.sdk.v1.balance_transactions.retrieve_async(transaction)


async def test_a_payment_comes_in_less_its_fee(sandbox: Sandbox) -> None:
    charge = await sandbox.charge(await sandbox.paid())
    entry = await retrieved(sandbox, charge.balance_transaction)
    assert (entry.amount, entry.fee, entry.net) == (TOTAL, FEE, TOTAL - FEE)
    assert (entry.currency, entry.source, entry.created) == ("eur", charge.id, charge.created)
    assert [detail.amount for detail in entry.fee_details] == [FEE]


async def test_a_declined_card_moves_nothing(sandbox: Sandbox) -> None:
    session = await sandbox.open()
    await sandbox.type_in(session, "4000 0000 0000 0002")
    assert await transactions(sandbox) == []


async def test_a_refund_goes_out_and_the_fee_stays(sandbox: Sandbox) -> None:
    made = await sandbox.refund(await sandbox.paid(), amount=4000)
    entry = await retrieved(sandbox, made.balance_transaction)
    assert (entry.type, entry.amount, entry.fee, entry.net) == ("refund", -4000, 0, -4000)
    assert entry.source == made.id


async def test_a_failed_refund_comes_back(sandbox: Sandbox) -> None:
    made = await sandbox.refund(await sandbox.paid(), amount=4000)
    await sandbox.admin("POST", f"refunds/{made.id}/move", {"status": "failed"})
    failed = await sandbox.sdk.v1.refunds.retrieve_async(made.id)
    entry = await retrieved(sandbox, failed.failure_balance_transaction)
    assert (entry.type, entry.amount, entry.net) == ("refund_failure", 4000, 4000)
    assert await transactions(sandbox, source=made.id) == [
        ("refund", -4000, 0, -4000),
        ("refund_failure", 4000, 0, 4000),
    ]


async def test_a_bank_debit_has_types_of_its_own(sandbox: Sandbox) -> None:
    await sandbox.admin("PUT", "refunds", {"next": "succeeded"})
    await sandbox.refund(await sandbox.paid(bank_account=GOOD_ACCOUNT))
    assert [entry[0] for entry in await transactions(sandbox)] == ["payment", "payment_refund"]


async def test_a_dispute_costs_its_fee_even_when_it_is_won(sandbox: Sandbox) -> None:
    payment = await sandbox.paid()
    made = await sandbox.admin("POST", f"payments/{payment.id}/dispute")
    await sandbox.admin("POST", f"disputes/{made['id']}/close", {"outcome": "won"})
    movements = [
        ("adjustment", -TOTAL, DISPUTE_FEE, -TOTAL - DISPUTE_FEE),
        ("adjustment", TOTAL, 0, TOTAL),
    ]
    assert await transactions(sandbox, type="adjustment") == movements
    dispute = await sandbox.sdk.v1.disputes.retrieve_async(made["id"])
    assert [entry.net for entry in dispute.balance_transactions] == [net for *_, net in movements]


async def test_transactions_are_listed_by_type_currency_and_time(sandbox: Sandbox) -> None:
    await sandbox.refund(await sandbox.paid())
    assert len(await transactions(sandbox, type="charge")) == 1
    assert len(await transactions(sandbox, currency="eur")) == 2
    assert await transactions(sandbox, currency="usd") == []
    assert await transactions(sandbox, created={"lt": 1}) == []


async def test_what_names_a_transaction_can_be_expanded(sandbox: Sandbox) -> None:
    payment = await sandbox.paid()
    made = await sandbox.refund(payment)
    refund = await sandbox.sdk.v1.refunds.retrieve_async(
        made.id, {"expand": ["balance_transaction.source", "charge.balance_transaction"]}
    )
    assert isinstance(refund.balance_transaction, BalanceTransaction)
    assert isinstance(refund.balance_transaction.source, stripe.Refund)
    assert isinstance(refund.charge, stripe.Charge)
    assert isinstance(refund.charge.balance_transaction, BalanceTransaction)
    assert refund.charge.balance_transaction.net == TOTAL - FEE


async def test_a_charge_shows_its_refunds_when_asked(sandbox: Sandbox) -> None:
    payment = await sandbox.paid()
    made = [await sandbox.refund(payment, amount=amount) for amount in (1000, 2000)]
    whole = await sandbox.sdk.v1.payment_intents.retrieve_async(
        payment.id, {"expand": ["latest_charge.refunds"]}
    )
    assert isinstance(whole.latest_charge, stripe.Charge)
    assert whole.latest_charge.refunds
    assert [found.id for found in whole.latest_charge.refunds.data] == [
        refund.id for refund in made[::-1]
    ]


async def test_the_ledger_s_transactions_add_up_to_its_captures(sandbox: Sandbox) -> None:
    payments = [await sandbox.paid() for _ in range(4)]
    await sandbox.refund(payments[0], amount=1000)
    failed = await sandbox.refund(payments[1])
    await sandbox.admin("POST", f"refunds/{failed.id}/move", {"status": "failed"})
    for payment, outcome in zip(payments[2:], ("won", "lost"), strict=True):
        made = await sandbox.admin("POST", f"payments/{payment.id}/dispute", {"amount": 2000})
        await sandbox.admin("POST", f"disputes/{made['id']}/close", {"outcome": outcome})
    ledger = await sandbox.ledger()
    kept = [
        capture["amount"] - capture["amount_refunded"] - capture["amount_disputed"]
        for capture in ledger["captures"]
    ]
    assert kept == [TOTAL - 1000, TOTAL, TOTAL, TOTAL - 2000]
    entries = ledger["balance_transactions"]
    assert sum(entry["amount"] for entry in entries) == sum(kept)
    assert sum(entry["fee"] for entry in entries) == 4 * FEE + 2 * DISPUTE_FEE
    assert len(entries) == 4 + 3 + 3
