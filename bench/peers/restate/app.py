"""`hypercorn bench.peers.restate.app:app`, as Restate's examples are served."""

import restate
from restate import Context, Workflow, WorkflowContext, WorkflowSharedContext
from restate.serde import BytesSerde
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import create_async_engine

from bench.peers import environment, payments
from bench.peers.tables import orders as order_table
from bench.peers.tables import ticket_types

engine = create_async_engine(environment.DATABASE_URL, pool_size=10, max_overflow=10)
stripe = payments.connect()
orders = Workflow("orders")
webhooks = restate.Service("webhooks")


@orders.main()
async def run(ctx: WorkflowContext) -> str:
    """Reserve, create the session, wait for the payment, mark PAID."""
    order_id = ctx.key()
    if not await ctx.run_typed("reserve", reserve_tickets, order_id=order_id):
        await ctx.promise("url").reject("sold out")
        return "SOLD_OUT"
    session_id, url = await ctx.run_typed("create session", create_session, order_id=order_id)
    await ctx.promise("url", type_hint=str).resolve(url)
    await ctx.promise("payment", type_hint=str).value()
    await ctx.run_typed("mark paid", mark_paid, order_id=order_id, session_id=session_id)
    return "PAID"


@orders.handler()
async def checkout(ctx: WorkflowSharedContext) -> dict[str, str]:
    """Start the workflow once, and wait for its URL. `POST /orders/{order_id}/checkout`."""
    ctx.workflow_send(run, ctx.key(), None)
    return {"url": await ctx.promise("url", type_hint=str).value()}


@orders.handler()
async def pay(ctx: WorkflowSharedContext) -> None:
    """Keep the promise that the workflow waits for."""
    await ctx.promise("payment", type_hint=str).resolve("paid")


@webhooks.handler("stripe", input_serde=BytesSerde())
async def take_event(ctx: Context, body: bytes) -> None:
    """Tell the order's workflow. `POST /webhooks/stripe`."""
    if order_id := payments.paid_order(body, ctx.request().headers["stripe-signature"]):
        ctx.workflow_send(pay, order_id, None)


async def reserve_tickets(order_id: str) -> bool:
    """Take the order's tickets from what is available; False where there are too few."""
    wanted = select(order_table).where(order_table.c.id == order_id)
    async with engine.begin() as connection:
        order = (await connection.execute(wanted)).one()
        taken = await connection.execute(
            update(ticket_types)
            .where(ticket_types.c.id == order.ticket_type_id)
            .where(ticket_types.c.available >= order.quantity)
            .values(available=ticket_types.c.available - order.quantity)
        )
    return taken.rowcount == 1


async def create_session(order_id: str) -> list[str]:
    """Ask Stripe for a session to pay in; return its id and address."""
    wanted = select(order_table).where(order_table.c.id == order_id)
    async with engine.connect() as connection:
        order = (await connection.execute(wanted)).one()
    session = await stripe.v1.checkout.sessions.create_async(*payments.session_for(order))
    return [session.id, str(session.url)]


async def mark_paid(order_id: str, session_id: str) -> None:
    """Mark the order PAID."""
    async with engine.begin() as connection:
        await connection.execute(
            update(order_table)
            .where(order_table.c.id == order_id, order_table.c.status == "CREATED")
            .values(status="PAID", session_id=session_id)
        )


app = restate.app([orders, webhooks])
