"""The real Temporal server in its development edition: one process, a UI, a file of SQLite."""

import sys
from collections.abc import Iterable
from pathlib import Path

from onebox.ports import HOST
from onebox.processes import Process
from onebox.site import Site

_SEARCH_ATTRIBUTES = (
    "OrderId=Keyword",
    "OrderStatus=Keyword",
    "UserId=Keyword",
    "Currency=Keyword",
    "AmountCents=Int",
    "PaymentDeadline=Datetime",
    "NeedsAttention=Bool",
)
# The dev server has one history shard, and its default of 20 polls a second then costs every
# workflow task up to 50 ms. Nothing for a cluster, which has many shards.
_DYNAMIC_CONFIG = (
    "history.transferProcessorMaxPollRPS=5000",
    "history.timerProcessorMaxPollRPS=5000",
    "history.visibilityProcessorMaxPollRPS=5000",
)
# Survives a kill of the process, if not a power cut; twice as fast as SQLite's default.
_PRAGMAS = ("journal_mode=wal", "synchronous=normal")


def temporal(site: Site) -> Process:
    """Return the dev server's process, not started."""
    return site.process(
        "temporal",
        [
            *(Path(sys.executable).with_name("temporal"), "server", "start-dev"),
            *("--ip", HOST, "--port", site.ports.temporal, "--ui-port", site.ports.temporal_ui),
            *("--ui-disable-news-fetch", "--log-level", "warn"),
            *("--db-filename", site.directory / "temporal.sqlite"),
            *_each("--sqlite-pragma", _PRAGMAS),
            *_each("--dynamic-config-value", _DYNAMIC_CONFIG),
            *_each("--search-attribute", _SEARCH_ATTRIBUTES),
        ],
        {},
    )


def temporal_ready_url(site: Site) -> str:
    """Answers 200 when the UI serves and the server behind it has the namespace."""
    return f"{site.temporal_ui_url}/api/v1/namespaces/default"


def _each(option: str, values: Iterable[str]) -> Iterable[str]:
    return (word for value in values for word in (option, value))
