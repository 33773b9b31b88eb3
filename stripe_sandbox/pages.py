"""The hosted payment page, where a person pays with a test card."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.templating import Jinja2Templates

from stripe_sandbox import payments, sessions
from stripe_sandbox.account import Account
from stripe_sandbox.currencies import shown
from stripe_sandbox.errors import StripeError
from stripe_sandbox.payments import Outcome

SEE_OTHER = 303
PLACEHOLDER = "{CHECKOUT_SESSION_ID}"

router = APIRouter(include_in_schema=False)
templates = Jinja2Templates(Path(__file__).parent / "templates")
templates.env.filters["shown"] = shown


@router.get("/pay/{session_id}")
async def payment_page(session_id: str, request: Request) -> HTMLResponse:
    """Show what is to be paid, and how it can be."""
    return _page(request, session_id)


@router.post("/pay/{session_id}")
async def pay(session_id: str, request: Request) -> Response:
    """Pay by what was typed: card or bank account."""
    account: Account = request.app.state.account
    form = dict(parse_qsl((await request.body()).decode()))
    try:
        if form.get("method") == "bank":
            outcome = payments.pay_by_bank(account, session_id, form.get("account_number", ""))
        else:
            outcome = payments.pay_by_card(account, session_id, form.get("card_number", ""))
    except StripeError as error:
        return _page(request, session_id, error=str(error), status=error.status)
    if outcome is Outcome.AUTHENTICATE:
        return templates.TemplateResponse(request, "authenticate.html", {"session_id": session_id})
    return _done(account, session_id)


@router.post("/pay/{session_id}/authenticate")
async def answer_bank(session_id: str, request: Request) -> Response:
    """Complete or fail 3-D Secure."""
    account: Account = request.app.state.account
    form = dict(parse_qsl((await request.body()).decode()))
    try:
        payments.authenticate(account, session_id, complete=form.get("answer") == "complete")
    except StripeError as error:
        return _page(request, session_id, error=str(error), status=error.status)
    return _done(account, session_id)


def _done(account: Account, session_id: str) -> Response:
    success_url = sessions.find(account, session_id)["success_url"]
    return RedirectResponse(success_url.replace(PLACEHOLDER, session_id), SEE_OTHER)


def _page(
    request: Request, session_id: str, *, error: str | None = None, status: int = 200
) -> HTMLResponse:
    account: Account = request.app.state.account
    session = sessions.find(account, session_id)
    context: dict[str, Any] = {
        "session": session,
        "lines": sessions.line_items(account, session_id),
        "error": error,
    }
    return templates.TemplateResponse(request, "pay.html", context, status_code=status)
