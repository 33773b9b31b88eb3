"""For load balancers and Prometheus."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Literal

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, ConfigDict
from sqlalchemy import text
from temporalio.service import RPCError

from api.documentation import example, problems
from api.metrics import TroubleCollector
from api.problems import DATABASE_TROUBLE, unavailable
from api.services import Services, ServicesOf
from database.trouble import trouble

ANSWER_WITHIN = timedelta(seconds=2)

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """All is well; otherwise the answer is an error."""

    model_config = ConfigDict(json_schema_extra=example(status="ok"))

    status: Literal["ok"] = "ok"


@router.get("/healthz")
async def alive() -> Health:
    """Say that the process is alive."""
    return Health()


@router.get("/readyz", responses=problems("temporarily_unavailable"))
async def ready(services: ServicesOf) -> Health:
    """Say whether requests can be served: the database and Temporal are reachable."""
    found = await asyncio.gather(_database(services), _temporal(services))
    missing = [name for name in found if name]
    if missing:
        raise unavailable(f"Not reachable: {', '.join(missing)}.")
    return Health()


@router.get("/metrics", response_class=Response)
async def metrics(services: ServicesOf) -> Response:
    """Return the metrics of this process, and the trouble in the database, for Prometheus.

    Without the database only the former.
    """
    shown = generate_latest()
    with suppress(*DATABASE_TROUBLE):
        async with asyncio.timeout(ANSWER_WITHIN.total_seconds()):
            async with services.database.transaction() as connection:
                shown += generate_latest(TroubleCollector(await trouble(connection)))
    return Response(shown, media_type=CONTENT_TYPE_LATEST)


async def _database(services: Services) -> str | None:
    try:
        async with asyncio.timeout(ANSWER_WITHIN.total_seconds()):
            async with services.database.transaction() as connection:
                await connection.execute(text("SELECT 1"))
    except DATABASE_TROUBLE:
        return "database"
    return None


async def _temporal(services: Services) -> str | None:
    try:
        if not await services.temporal.service_client.check_health(timeout=ANSWER_WITHIN):
            return "temporal"
    except (RPCError, RuntimeError):
        return "temporal"
    return None
