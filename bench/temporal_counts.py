"""What Temporal itself counts: its own metrics, and the events of a workflow's history."""

import asyncio
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import aiohttp
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client

from bench.variants import Shop
from domain.ids import OrderId, checkout_workflow_id
from onebox.ports import HOST
from onebox.processes import Process

_URL = re.compile(r"Temporal Metrics: +(\S+)")
_SAMPLE = re.compile(r"^(\w+)\{(.*)\} (\S+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')
_OURS = ("default", "frontend")
_CHECKOUTS = "WorkflowType = 'CheckoutWorkflow'"
_TOLD_EVERY_SECONDS = 1.5
# Calls that wait for work or look around: they come with the time and not with the orders.
_WAITING = re.compile("Poll|Heartbeat|Describe|System|UserData|Worker|History")


@dataclass(frozen=True)
class ServerCounts:
    """What Temporal's server has counted so far.

    Actions: https://docs.temporal.io/cloud/actions says which are billed, and takes this metric to
    estimate them. Calls: those of clients and workers.
    """

    actions: Counter[str]
    calls: Counter[str]

    def __sub__(self, earlier: Self) -> "ServerCounts":
        return ServerCounts(self.actions - earlier.actions, self.calls - earlier.calls)


async def server_counts(http: aiohttp.ClientSession, temporal: Process) -> ServerCounts:
    """Return the server's counts, when they have stopped changing: it tells them by the second."""
    counts = await _read(http, temporal)
    while True:
        await asyncio.sleep(_TOLD_EVERY_SECONDS)
        before, counts = counts, await _read(http, temporal)
        if counts == before:
            return counts


async def _read(http: aiohttp.ClientSession, temporal: Process) -> ServerCounts:
    url = _URL.search(temporal.log.read_text())
    assert url, "the dev server says where its metrics are"
    async with http.get(url[1]) as answer:
        text = await answer.text()
    calls = _labelled(text, "service_requests", "operation")
    return ServerCounts(
        _labelled(text, "action", "action_type"),
        Counter({name: count for name, count in calls.items() if not _WAITING.search(name)}),
    )


def _labelled(text: str, metric: str, label: str) -> Counter[str]:
    found = Counter[str]()
    for name, labels, value in _SAMPLE.findall(text):
        known = dict(_LABEL.findall(labels))
        if name == metric and (known["namespace"], known["service_name"]) == _OURS:
            found[known[label]] += int(float(value))
    return found


async def history_counts(shop: Shop, order_ids: Sequence[str]) -> Counter[str]:
    """Return how many events of each type the histories of these orders' workflows have."""
    client = await Client.connect(f"{HOST}:{shop.site.ports.temporal}")
    found = Counter[str]()
    for order_id in order_ids:
        handle = client.get_workflow_handle(checkout_workflow_id(OrderId(order_id)))
        async for event in handle.fetch_history_events():
            found[EventType.Name(event.event_type).removeprefix("EVENT_TYPE_")] += 1
    return found


async def workflows_started(shop: Shop) -> int:
    """Return how many checkouts were ever started, when Temporal's search has caught up."""
    client = await Client.connect(f"{HOST}:{shop.site.ports.temporal}")
    started = -1
    while True:
        before, started = started, (await client.count_workflows(_CHECKOUTS)).count
        if started == before:
            return started
        await asyncio.sleep(_TOLD_EVERY_SECONDS)
