"""The workflows as they are now replay the histories that earlier versions left behind.

`PAYSAGA_RECORD=1 python3 run.py test tests/workflows` records them anew.
"""

import pytest
from temporalio.worker import Replayer
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from tests.workflows.recording import recorded
from workflows.checkout import CheckoutWorkflow
from workflows.outgoing import OutgoingEventsWorkflow
from workflows.reconcile import ReconcileWorkflow
from workflows.refund import RefundWorkflow
from workflows.stripe_event import StripeEventWorkflow

RECORDED = recorded()


def test_there_are_histories_to_replay() -> None:
    assert len(RECORDED) > 20


@pytest.mark.parametrize("story", RECORDED)
async def test_a_recorded_story_replays(story: str) -> None:
    """The sandbox runs in full here, without the worker's short cut for our own modules."""
    replayer = Replayer(
        workflows=[
            CheckoutWorkflow,
            OutgoingEventsWorkflow,
            ReconcileWorkflow,
            RefundWorkflow,
            StripeEventWorkflow,
        ],
        workflow_runner=SandboxedWorkflowRunner(),
    )
    await replayer.replay_workflow(RECORDED[story])
