"""`uvicorn bench.peers.bare_workflow.app:app`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import FastAPI, Header, Request
from temporalio.client import Client, WithStartWorkflowOperation
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.envconfig import ClientConfig

from bench.peers import payments
from bench.peers.bare_workflow import TASK_QUEUE
from bench.peers.bare_workflow.workflows import BareWorkflow
from bench.peers.plain import app as plain


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Connect to Temporal, and to Stripe as the plain handler does."""
    app.state.temporal = await Client.connect(**ClientConfig.load_client_connect_config())
    async with plain.lifespan(app):
        yield


app = FastAPI(lifespan=lifespan)


def _workflow_id(order_id: str) -> str:
    return f"checkout-{order_id}"


@app.post("/orders/{order_id}/checkout")
async def start_checkout(order_id: str, request: Request) -> dict[str, Any]:
    """Begin the workflow, then do what the plain handler does."""
    temporal: Client = request.app.state.temporal
    start = WithStartWorkflowOperation(
        BareWorkflow.run,
        order_id,
        id=_workflow_id(order_id),
        task_queue=TASK_QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
    )
    await temporal.execute_update_with_start_workflow(
        BareWorkflow.begin, start_workflow_operation=start
    )
    return await plain.start_checkout(order_id, request)


@app.post("/webhooks/stripe")
async def take_event(request: Request, stripe_signature: Annotated[str, Header()]) -> None:
    """Signal the workflow, then do what the plain handler does."""
    if order_id := payments.paid_order(await request.body(), stripe_signature):
        temporal: Client = request.app.state.temporal
        await temporal.get_workflow_handle(_workflow_id(order_id)).signal(
            BareWorkflow.payment_completed
        )
        await plain.take_event(request, stripe_signature)
