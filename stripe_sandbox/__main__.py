"""`python -m stripe_sandbox`: STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET come by environment."""

import argparse
import gc
import os

import uvicorn

from stripe_sandbox.app import create_app
from stripe_sandbox.settings import Settings


def main() -> None:
    """Run a sandbox until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser("stripe_sandbox", description="A stand-in for Stripe.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=4010)
    parser.add_argument("--database", default=":memory:", help="a file, to survive a restart")
    parser.add_argument("--webhook-url", help="where events are sent; nowhere by default")
    parser.add_argument("--public-url", help="what the payment pages' addresses begin with")
    options = parser.parse_args()
    settings = Settings(
        secret_key=os.environ.get("STRIPE_SECRET_KEY", "sk_test_sandbox"),
        webhook_secret=os.environ.get("STRIPE_WEBHOOK_SECRET", "whsec_sandbox"),
        webhook_url=options.webhook_url,
        public_url=options.public_url,
        database=options.database,
    )
    # All that the sandbox knows lives in memory, free of cycles: searching it for some takes 0.4 s
    # with 20,000 sessions, for nothing.
    gc.set_threshold(700, 10, 100_000)
    print(f"Stripe sandbox on http://{options.host}:{options.port}", flush=True)
    uvicorn.run(
        create_app(settings),
        host=options.host,
        port=options.port,
        log_level="warning",
        timeout_graceful_shutdown=2,
    )


if __name__ == "__main__":
    main()
