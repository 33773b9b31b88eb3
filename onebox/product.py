"""The product's own processes, started as in production, and the stand-in for Stripe."""

from onebox.ports import HOST
from onebox.processes import Process
from onebox.site import Site


def stripe_sandbox(site: Site) -> Process:
    """Return the Stripe sandbox, which sends its webhooks to the API."""
    return site.python(
        "stripe-sandbox",
        [
            *("-m", "stripe_sandbox", "--host", HOST, "--port", site.ports.stripe_sandbox),
            *("--database", site.directory / "stripe-sandbox.sqlite"),
            *("--webhook-url", f"{site.api_url}/webhooks/stripe"),
            *("--public-url", site.stripe_sandbox_url),
        ],
        {
            "STRIPE_SECRET_KEY": site.secrets.stripe_secret_key,
            "STRIPE_WEBHOOK_SECRET": site.secrets.stripe_webhook_secret,
        },
    )


def migrations(site: Site) -> Process:
    """Return Alembic, which ends when the schema is the code's."""
    return site.python("migrations", ["-m", "alembic", "upgrade", "head"], site.environment())


def worker(site: Site, **settings: object) -> Process:
    """Return the worker, with settings of its own where they are given."""
    own = {name: str(value) for name, value in settings.items()}
    return site.python("worker", ["worker.py"], site.environment() | own)


def api(site: Site) -> Process:
    """Return the HTTP API. Event streams that are open when it stops get two seconds."""
    return site.python(
        "api",
        [
            *("-m", "uvicorn", "api.main:app", "--host", HOST, "--port", site.ports.api),
            *("--timeout-graceful-shutdown", 2),
        ],
        site.environment(),
    )
