"""What operators can search checkouts by in Temporal's UI."""

from temporalio.common import SearchAttributeKey

ORDER_ID = SearchAttributeKey.for_keyword("OrderId")
ORDER_STATUS = SearchAttributeKey.for_keyword("OrderStatus")
USER_ID = SearchAttributeKey.for_keyword("UserId")
AMOUNT_CENTS = SearchAttributeKey.for_int("AmountCents")
CURRENCY = SearchAttributeKey.for_keyword("Currency")
PAYMENT_DEADLINE = SearchAttributeKey.for_datetime("PaymentDeadline")
NEEDS_ATTENTION = SearchAttributeKey.for_bool("NeedsAttention")
