"""Four activities, each one effect."""

from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import create_async_engine
from temporalio import activity

from bench.peers import environment, payments
from bench.peers.tables import orders, ticket_types

engine = create_async_engine(environment.DATABASE_URL, pool_size=10, max_overflow=10)
stripe = payments.connect()


@dataclass
class CheckoutPage:
    """The session that an order is paid in."""

    order_id: str
    session_id: str
    url: str


@activity.defn
async def reserve_tickets(order_id: str) -> bool:
    """Take the order's tickets from what is available; False where there are too few."""
    wanted = select(orders.c.ticket_type_id, orders.c.quantity).where(orders.c.id == order_id)
    async with engine.begin() as connection:
        line = (await connection.execute(wanted)).one()
        taken = await connection.execute(
            update(ticket_types)
            .where(ticket_types.c.id == line.ticket_type_id)
            .where(ticket_types.c.available >= line.quantity)
            .values(available=ticket_types.c.available - line.quantity)
        )
    return taken.rowcount == 1


@activity.defn
async def create_checkout_session(order_id: str) -> CheckoutPage:
    """Ask Stripe for a session to pay in."""
    async with engine.connect() as connection:
        order = (await connection.execute(select(orders).where(orders.c.id == order_id))).one()
    session = await stripe.v1.checkout.sessions.create_async(*payments.session_for(order))
    return CheckoutPage(order_id, session.id, str(session.url))


@activity.defn
async def save_session(page: CheckoutPage) -> None:
    """Write the session into the order's row."""
    async with engine.begin() as connection:
        await connection.execute(
            update(orders).where(orders.c.id == page.order_id).values(session_id=page.session_id)
        )


@activity.defn
async def mark_order_paid(order_id: str) -> None:
    """Mark the order PAID."""
    async with engine.begin() as connection:
        await connection.execute(
            update(orders)
            .where(orders.c.id == order_id, orders.c.status == "CREATED")
            .values(status="PAID")
        )
