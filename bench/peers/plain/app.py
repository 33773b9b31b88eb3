"""`uvicorn bench.peers.plain.app:app`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import FastAPI, Header, HTTPException, Request
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import create_async_engine

from bench.peers import environment, payments
from bench.peers.tables import orders

engine = create_async_engine(environment.DATABASE_URL, pool_size=10, max_overflow=10)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Connect to Stripe while the event loop is there."""
    app.state.stripe = payments.connect()
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


@app.post("/orders/{order_id}/checkout")
async def start_checkout(order_id: str, request: Request) -> dict[str, Any]:
    """Create a Checkout Session and write it into the order's row."""
    async with engine.connect() as connection:
        order = (await connection.execute(select(orders).where(orders.c.id == order_id))).one()
    if order.status != "CREATED":
        raise HTTPException(409, f"The order is {order.status}.")
    parameters, options = payments.session_for(order)
    stripe = request.app.state.stripe
    session = await stripe.v1.checkout.sessions.create_async(parameters, options)
    async with engine.begin() as connection:
        await connection.execute(
            update(orders).where(orders.c.id == order_id).values(session_id=session.id)
        )
    return {"session_id": session.id, "url": session.url}


@app.post("/webhooks/stripe")
async def take_event(request: Request, stripe_signature: Annotated[str, Header()]) -> None:
    """Mark the order PAID."""
    if order_id := payments.paid_order(await request.body(), stripe_signature):
        async with engine.begin() as connection:
            await connection.execute(
                update(orders)
                .where(orders.c.id == order_id, orders.c.status == "CREATED")
                .values(status="PAID")
            )


@app.get("/orders/{order_id}")
async def see_order(order_id: str) -> dict[str, Any]:
    """One SELECT: what a refusal is held against."""
    async with engine.connect() as connection:
        order = (await connection.execute(select(orders).where(orders.c.id == order_id))).one()
    return dict(order._mapping)
