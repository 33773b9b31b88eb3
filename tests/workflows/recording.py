"""Histories of told stories, kept so that every later version of the workflows must replay them."""

import json
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHandle, WorkflowHistory

HISTORIES = Path(__file__).parent / "histories"
OF_THE_MACHINE = {"stackTrace": "", "identity": "worker", "binaryChecksum": ""}


async def record(name: str, handle: WorkflowHandle[Any, Any]) -> None:
    """Write a workflow's history to `histories/{name}.json`."""
    history = await handle.fetch_history()
    HISTORIES.mkdir(exist_ok=True)
    text = json.dumps(_without_the_machine(history.to_json_dict()), indent=1, sort_keys=True)
    (HISTORIES / f"{name}.json").write_text(text + "\n")


def recorded() -> dict[str, WorkflowHistory]:
    """Return all recorded histories by their stories' names, those of older releases as well."""
    return {
        str(path.relative_to(HISTORIES).with_suffix("")): WorkflowHistory.from_json(
            f"checkout-{path.stem}", path.read_text()
        )
        for path in sorted(HISTORIES.rglob("*.json"))
    }


def _without_the_machine(value: Any) -> Any:
    """Leave out what tells of the machine that recorded; a replay does not read it."""
    if isinstance(value, list):
        return [_without_the_machine(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: OF_THE_MACHINE.get(key, _without_the_machine(item)) for key, item in value.items()}
