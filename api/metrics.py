"""What Prometheus reads at `/metrics`."""

from prometheus_client import Counter, Histogram

CHECKOUTS = Counter("paysaga_checkouts", "Checkout requests by answer", ["outcome"])
WEBHOOKS = Counter("paysaga_webhooks", "Stripe events by type and outcome", ["type", "outcome"])
REQUESTS = Histogram(
    "paysaga_http_request_seconds", "HTTP requests by route", ["method", "route", "status"]
)
