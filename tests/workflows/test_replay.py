"""The workflows as they are now replay the histories that earlier versions left behind.

How they are recorded anew is told in docs/changing-workflows.md.
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
WORKFLOWS = (
    CheckoutWorkflow,
    OutgoingEventsWorkflow,
    ReconcileWorkflow,
    RefundWorkflow,
    StripeEventWorkflow,
)


def test_every_workflow_has_histories_to_replay() -> None:
    told = {
        history.events[0].workflow_execution_started_event_attributes.workflow_type.name
        for history in RECORDED.values()
    }
    assert told == {workflow.__name__ for workflow in WORKFLOWS}


@pytest.mark.parametrize("story", RECORDED)
async def test_a_recorded_story_replays(story: str) -> None:
    """The sandbox runs in full here; the workers do without it, and this guards them."""
    replayer = Replayer(workflows=WORKFLOWS, workflow_runner=SandboxedWorkflowRunner())
    await replayer.replay_workflow(RECORDED[story])
