"""A Checkout Session as Stripe answers it: https://docs.stripe.com/api/checkout/sessions/object.

All its fields are there, also those nobody uses here: reading them is a part of what a call costs.
"""

import re
import time
from collections.abc import Mapping
from typing import Any

_METADATA = re.compile(r"metadata\[(\w+)\]")
_UNUSED = """
    after_expiration allow_promotion_codes billing_address_collection client_secret
    collected_information consent consent_collection currency_conversion customer
    customer_account customer_creation customer_details customer_email discounts
    integration_identifier invoice locale origin_context payment_link payment_method_collection
    payment_method_configuration_details permissions recovered_from saved_payment_method_options
    setup_intent shipping_address_collection shipping_cost submit_type subscription
""".split()
_USUAL: dict[str, Any] = dict.fromkeys(_UNUSED) | {
    "adaptive_pricing": {"enabled": True},
    "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
    "custom_fields": [],
    "custom_text": dict.fromkeys(
        ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")
    ),
    "invoice_creation": {"enabled": False, "invoice_data": {"metadata": {}, "footer": None}},
    "livemode": False,
    "managed_payments": {"enabled": False},
    "mode": "payment",
    "object": "checkout.session",
    "payment_intent": None,
    "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
    "payment_method_types": ["card"],
    "payment_status": "unpaid",
    "phone_number_collection": {"enabled": False},
    "shipping_options": [],
    "status": "open",
    "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
    "ui_mode": "hosted_page",
    "wallet_options": None,
}


def new_session(session_id: str, url: str, form: Mapping[str, str]) -> dict[str, Any]:
    """Return an open session for a request's form, such as `line_items[0][quantity]`."""
    total = _total_cents(form)
    now = int(time.time())
    return _USUAL | {
        "id": session_id,
        "amount_subtotal": total,
        "amount_total": total,
        "cancel_url": form.get("cancel_url"),
        "client_reference_id": form.get("client_reference_id"),
        "created": now,
        "currency": form["line_items[0][price_data][currency]"],
        "expires_at": int(form.get("expires_at", now + 24 * 3600)),
        "metadata": {
            named[1]: value for name, value in form.items() if (named := _METADATA.fullmatch(name))
        },
        "success_url": form["success_url"],
        "url": url,
    }


def _total_cents(form: Mapping[str, str]) -> int:
    total = number = 0
    while quantity := form.get(f"line_items[{number}][quantity]"):
        total += int(quantity) * int(form[f"line_items[{number}][price_data][unit_amount]"])
        number += 1
    return total
