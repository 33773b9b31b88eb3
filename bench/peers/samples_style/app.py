"""`uvicorn bench.peers.samples_style.app:app`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import FastAPI, Header, Request
from temporalio.client import Client
from temporalio.envconfig import ClientConfig

from bench.peers import payments
from bench.peers.samples_style import TASK_QUEUE
from bench.peers.samples_style.workflows import OrderWorkflow

_POLL_EVERY_SECONDS = 0.1


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Connect to Temporal."""
    app.state.temporal = await Client.connect(**ClientConfig.load_client_connect_config())
    yield


app = FastAPI(lifespan=lifespan)


def _workflow_id(order_id: str) -> str:
    return f"checkout-{order_id}"


@app.post("/orders/{order_id}/checkout")
async def start_checkout(order_id: str, request: Request) -> dict[str, str]:
    """Start the workflow and poll it until it knows where to pay."""
    temporal: Client = request.app.state.temporal
    handle = await temporal.start_workflow(
        OrderWorkflow.run, order_id, id=_workflow_id(order_id), task_queue=TASK_QUEUE
    )
    while (url := await handle.query(OrderWorkflow.checkout_url)) is None:  # noqa: ASYNC110
        await asyncio.sleep(_POLL_EVERY_SECONDS)
    return {"url": url}


@app.post("/webhooks/stripe")
async def take_event(request: Request, stripe_signature: Annotated[str, Header()]) -> None:
    """Signal the workflow."""
    if order_id := payments.paid_order(await request.body(), stripe_signature):
        temporal: Client = request.app.state.temporal
        await temporal.get_workflow_handle(_workflow_id(order_id)).signal(
            OrderWorkflow.payment_completed
        )
