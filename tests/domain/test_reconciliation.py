"""What is drift, and what an attempt knows already."""

from dataclasses import fields

import pytest

from domain.ids import OrderId, has_our_form, new_id
from domain.money import Cents, Currency
from domain.payment import PaymentReport, PaymentStatus, SessionStatus
from domain.reconciliation import DriftKind, Findings, is_news

NEWS = {
    SessionStatus.PAID: {None, "PENDING", "PROCESSING", "FAILED", "EXPIRED"},
    SessionStatus.PROCESSING: {"PENDING"},
    SessionStatus.FAILED: {"PENDING", "PROCESSING"},
    SessionStatus.EXPIRED: {"PENDING", "PROCESSING"},
    SessionStatus.OPEN: set(),
}


@pytest.mark.parametrize("said", SessionStatus)
def test_a_report_is_news_as_long_as_its_attempt_does_not_know_it(said: SessionStatus) -> None:
    report = PaymentReport(OrderId("ord_1"), "cs_1", said, Cents(1), Currency("eur"), False)
    assert {known for known in (None, *PaymentStatus) if is_news(report, known)} == NEWS[said]


def test_every_kind_of_drift_is_counted() -> None:
    assert {field.name for field in fields(Findings)} == set(DriftKind)


def test_ids_of_other_shops_are_told_from_ours() -> None:
    assert has_our_form(OrderId(new_id("ord")))
    for other in ("1234", "ord_1", new_id("pay"), f"{new_id('ord')} ", f"{new_id('ord')}0"):
        assert not has_our_form(OrderId(other))
