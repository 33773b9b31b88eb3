"""`python -m bench.peers.samples_style.worker`."""

import asyncio
import logging

from temporalio.client import Client
from temporalio.envconfig import ClientConfig
from temporalio.worker import Worker

from bench.peers.samples_style import TASK_QUEUE, activities
from bench.peers.samples_style.workflows import OrderWorkflow


async def main() -> None:
    """Work until killed."""
    client = await Client.connect(**ClientConfig.load_client_connect_config())
    async with Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=[OrderWorkflow],
        activities=[
            activities.reserve_tickets,
            activities.create_checkout_session,
            activities.save_session,
            activities.mark_order_paid,
        ],
    ):
        print("worker ready", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    asyncio.run(main())
