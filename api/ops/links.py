"""Where else an order can be seen: in Temporal's UI, in Stripe's dashboard."""

from urllib.parse import quote, urlencode

from pydantic import BaseModel

from api.services import Services
from domain.case import Case
from domain.ids import checkout_workflow_id

STRIPES_DASHBOARD = "https://dashboard.stripe.com"


class LinksView(BaseModel):
    """`workflows` finds every workflow that names the order; `stripe` needs a payment intent."""

    workflow: str
    workflows: str
    stripe: str | None


def links_of(services: Services, case: Case) -> LinksView:
    """Return the links of an order."""
    order_id, ui = case.order.id, services.settings.temporal_ui_url
    workflows = f"{ui}/namespaces/{quote(services.temporal.namespace, safe='')}/workflows"
    of_order = urlencode({"query": f'OrderId = "{order_id}"'})
    return LinksView(
        workflow=f"{workflows}/{quote(checkout_workflow_id(order_id), safe='')}",
        workflows=f"{workflows}?{of_order}",
        stripe=_at_stripe(case),
    )


def _at_stripe(case: Case) -> str | None:
    if case.payment is None or case.payment.payment_intent is None:
        return None
    mode = "" if case.payment.livemode else "test/"
    return f"{STRIPES_DASHBOARD}/{mode}payments/{quote(case.payment.payment_intent, safe='')}"
