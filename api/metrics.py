"""What Prometheus reads at `/metrics`."""

import time
from collections.abc import Iterator

from prometheus_client import Counter, Histogram, Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from database.trouble import Trouble

CHECKOUTS = Counter("paysaga_checkouts", "Checkout requests by answer", ["outcome"])
WEBHOOKS = Counter("paysaga_webhooks", "Stripe events by type and outcome", ["type", "outcome"])
REQUESTS = Histogram(
    "paysaga_http_request_seconds", "HTTP requests by route", ["method", "route", "status"]
)


class TroubleCollector(Collector):
    """The trouble that the database knows of: every API process tells the same, so take the max."""

    def __init__(self, found: Trouble) -> None:
        self._found = found

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics of one scrape."""
        drift = CounterMetricFamily(
            "paysaga_drift_found", "What the reconciler has found, by kind", labels=["kind"]
        )
        for kind, count in self._found.drift.items():
            drift.add_metric([kind], count)
        yield drift
        yield GaugeMetricFamily(
            "paysaga_orders_needing_attention",
            "Orders for a person to look at",
            self._found.orders_for_a_person,
        )
        yield GaugeMetricFamily(
            "paysaga_overdue_attempts",
            "Open payment attempts behind their deadline",
            self._found.overdue_attempts,
        )
        yield GaugeMetricFamily(
            "paysaga_outgoing_events_waiting",
            "Outgoing events that the receiver has to take",
            self._found.untold.events,
        )
        yield GaugeMetricFamily(
            "paysaga_outgoing_events_oldest_seconds",
            "Since when the oldest of them exists",
            self._found.untold.oldest_seconds,
        )


class Measured:
    """ASGI middleware that observes each request when its response begins: streams last long."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        started, status = time.perf_counter(), 0

        async def observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _observe(scope, status, started)
            await send(message)

        try:
            await self._app(scope, receive, observed)
        except Exception:  # it is answered outside of all middleware
            if scope["type"] == "http" and not status:
                _observe(scope, 500, started)
            raise


def _observe(scope: Scope, status: int, started: float) -> None:
    route = getattr(scope.get("route"), "path", None)
    labels = (scope["method"], route) if route else ("any", "unknown")  # a bounded set
    REQUESTS.labels(*labels, str(status)).observe(time.perf_counter() - started)
