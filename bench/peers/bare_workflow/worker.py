"""`python -m bench.peers.bare_workflow.worker`."""

import logging

import uvloop
from temporalio.client import Client
from temporalio.envconfig import ClientConfig
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from bench.peers.bare_workflow import TASK_QUEUE
from bench.peers.bare_workflow.workflows import BareWorkflow


async def main() -> None:
    """Work until killed, with the product's settings."""
    client = await Client.connect(**ClientConfig.load_client_connect_config())
    worker = Worker(
        client,
        task_queue=TASK_QUEUE,
        workflows=[BareWorkflow],
        workflow_runner=UnsandboxedWorkflowRunner(),
        max_concurrent_workflow_task_polls=20,
        nonsticky_to_sticky_poll_ratio=0.6,
    )
    print("worker ready", flush=True)
    await worker.run()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    uvloop.run(main())
