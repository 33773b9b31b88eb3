"""What the routes stand on: the database, Temporal, and the settings; made once a process."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from temporalio.client import Client

from api.watch import OrderWatch
from database.engine import Database
from settings import ApiSettings


@dataclass(frozen=True)
class Services:
    """The connections of one API process."""

    settings: ApiSettings
    database: Database
    temporal: Client
    watch: OrderWatch


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


ServicesOf = Annotated[Services, Depends(_services)]
