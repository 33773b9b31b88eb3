"""`uvicorn bench.peers.dbos.app:app`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import stripe
from dbos import DBOS, SetWorkflowID, SQLAlchemyDatasource
from fastapi import Depends, FastAPI, Header, Request
from sqlalchemy import Row, select, update

from bench.peers import environment, payments
from bench.peers.tables import orders, ticket_types

CHECKOUT_URL = "checkout_url"
PAYMENT_STATUS = "payment_status"
_A_DAY_SECONDS = 24 * 3600

database_url = environment.DATABASE_URL.replace("+asyncpg", "+psycopg")
datasource = SQLAlchemyDatasource.create(database_url)
client = stripe.StripeClient(
    environment.STRIPE_SECRET_KEY, base_addresses={"api": environment.STRIPE_API_BASE}
)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Run DBOS beside the API."""
    DBOS(config={"name": "widget-store", "system_database_url": database_url})
    DBOS.launch()
    yield
    DBOS.destroy()


app = FastAPI(lifespan=lifespan)


@DBOS.workflow()
def checkout_workflow(order_id: str) -> None:
    """Reserve, create the session, wait for the payment, mark PAID."""
    if not datasource.run_tx_step({"name": "reserve_inventory"}, reserve_inventory, order_id):
        DBOS.set_event(CHECKOUT_URL, None)
        return
    session_id, url = create_session(order_id)
    DBOS.set_event(CHECKOUT_URL, url)
    if DBOS.recv(PAYMENT_STATUS, timeout_seconds=_A_DAY_SECONDS) == "paid":
        datasource.run_tx_step({"name": "mark_paid"}, mark_paid, order_id, session_id)


def reserve_inventory(order_id: str) -> bool:
    """Take the order's tickets from what is available; False where there are too few."""
    session = datasource.sql_session()
    order = _order(order_id)
    taken: Any = session.execute(
        update(ticket_types)
        .where(ticket_types.c.id == order.ticket_type_id)
        .where(ticket_types.c.available >= order.quantity)
        .values(available=ticket_types.c.available - order.quantity)
    )
    return bool(taken.rowcount == 1)


@DBOS.step()
def create_session(order_id: str) -> tuple[str, str]:
    """Ask Stripe for a session to pay in; return its id and address."""
    with datasource.engine.connect() as connection:
        order = connection.execute(select(orders).where(orders.c.id == order_id)).one()
    session = client.v1.checkout.sessions.create(*payments.session_for(order))
    return session.id, str(session.url)


def mark_paid(order_id: str, session_id: str) -> None:
    """Mark the order PAID."""
    datasource.sql_session().execute(
        update(orders)
        .where(orders.c.id == order_id, orders.c.status == "CREATED")
        .values(status="PAID", session_id=session_id)
    )


def _order(order_id: str) -> Row[Any]:
    return datasource.sql_session().execute(select(orders).where(orders.c.id == order_id)).one()


@app.post("/orders/{order_id}/checkout")
def start_checkout(order_id: str) -> dict[str, str]:
    """Start the workflow once, and wait for its event."""
    with SetWorkflowID(order_id):
        handle = DBOS.start_workflow(checkout_workflow, order_id)
    return {"url": DBOS.get_event(handle.workflow_id, CHECKOUT_URL)}


async def _body(request: Request) -> bytes:
    return await request.body()


@app.post("/webhooks/stripe")
def take_event(
    body: Annotated[bytes, Depends(_body)], stripe_signature: Annotated[str, Header()]
) -> None:
    """Send the payment to the workflow."""
    if order_id := payments.paid_order(body, stripe_signature):
        DBOS.send(order_id, "paid", PAYMENT_STATUS)
