"""The parts of a running sandbox that a route may ask for."""

from typing import Annotated

from fastapi import Depends, Request

from stripe_sandbox.account import Account
from stripe_sandbox.delivery import Courier


def _account(request: Request) -> Account:
    account: Account = request.app.state.account
    return account


def _courier(request: Request) -> Courier:
    courier: Courier = request.app.state.courier
    return courier


TheAccount = Annotated[Account, Depends(_account)]
TheCourier = Annotated[Courier, Depends(_courier)]
