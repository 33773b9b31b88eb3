"""The routes under `/v1`, for the real SDK."""

import hmac
from base64 import b64decode
from binascii import Error as NotBase64
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from stripe.params import (
    BalanceTransactionListParams,
    ChargeListParams,
    DisputeListParams,
    EventListParams,
    PaymentIntentListParams,
    RefundListParams,
)
from stripe.params.checkout import (
    SessionExpireParams,
    SessionListLineItemsParams,
    SessionListParams,
    SessionRetrieveParams,
)

from stripe_sandbox import (
    agenda,
    balance,
    disputes,
    faults,
    forms,
    refund_requests,
    refunds,
    sessions,
)
from stripe_sandbox.account import API_VERSION, Account
from stripe_sandbox.errors import StripeError
from stripe_sandbox.expanding import expanded
from stripe_sandbox.filters import wanted
from stripe_sandbox.idempotency import Idempotency
from stripe_sandbox.lists import page
from stripe_sandbox.parameters import check
from stripe_sandbox.store import Document

RESOURCES = {
    "checkout/sessions": (sessions.KIND, SessionListParams),
    "payment_intents": ("payment_intent", PaymentIntentListParams),
    "charges": ("charge", ChargeListParams),
    "refunds": (refunds.KIND, RefundListParams),
    "disputes": (disputes.KIND, DisputeListParams),
    "balance_transactions": (balance.KIND, BalanceTransactionListParams),
    "events": ("event", EventListParams),
}

router = APIRouter(tags=["Stripe"])


@router.api_route("/v1/{path:path}", methods=["GET", "POST", "DELETE"])
async def call(path: str, request: Request) -> Response:
    """Answer one call of Stripe's API."""
    account: Account = request.app.state.account
    idempotency: Idempotency = request.app.state.idempotency
    name = f"{request.method} /v1/{path}"
    key = request.headers.get("Idempotency-Key")
    body = await request.body()

    def answer() -> Response:
        try:
            return _answer(account, idempotency, path, request, body)
        except StripeError as error:
            return JSONResponse(error.body, error.status)

    try:
        with idempotency.running(key):
            fault = faults.take(account, name)
            response = await faults.suffer(fault, answer) if fault else answer()
            if fault and fault.kind in faults.SAVED and key:
                idempotency.answer_with(key, path, body, response)
    except StripeError as error:
        response = JSONResponse(error.body, error.status)
    response.headers["Request-Id"] = account.new_id("req", 14)
    response.headers["Stripe-Version"] = request.headers.get("Stripe-Version", API_VERSION)
    count = account.store.get("count", name) or {"id": name, "requests": 0}
    account.store.put("count", name, count | {"requests": count["requests"] + 1})
    return response


def _answer(
    account: Account, idempotency: Idempotency, path: str, request: Request, body: bytes
) -> Response:
    _authenticate(account, request.headers.get("Authorization", ""))
    if request.method == "GET":
        return JSONResponse(_get(account, path, forms.decode(request.url.query)))

    def run() -> Response:
        params = forms.decode(body.decode())
        public_url = account.settings.public_url or str(request.base_url).rstrip("/")
        return JSONResponse(_post(account, path, params, public_url))

    key = request.headers.get("Idempotency-Key")
    return idempotency.once(key, path, body, run) if key else run()


def _authenticate(account: Account, authorization: str) -> None:
    scheme, _, credentials = authorization.partition(" ")
    key = credentials
    if scheme.lower() == "basic":
        try:
            key = b64decode(credentials).decode().partition(":")[0]
        except (NotBase64, UnicodeDecodeError):
            key = ""
    if not hmac.compare_digest(key.encode(), account.settings.secret_key.encode()):
        shown = f"{key[:8]}***{key[-4:]}" if len(key) > 12 else "***"
        raise StripeError(401, f"Invalid API Key provided: {shown}")


def _get(account: Account, path: str, params: dict[str, Any]) -> Document:
    match path.split("/"):
        case ["checkout", "sessions", session_id, "line_items"]:
            check(params, SessionListLineItemsParams)
            return page(sessions.line_items(account, session_id), params, f"/v1/{path}")
        case ["checkout", "sessions", key]:
            check(params, SessionRetrieveParams)
            return expanded(account, sessions.find(account, key), params)
        case [resource, key] if resource in RESOURCES:
            check(params, SessionRetrieveParams)
            return expanded(account, account.find(RESOURCES[resource][0], key), params)
    if path not in RESOURCES:
        raise _unknown("GET", path)
    kind, shape = RESOURCES[path]
    check(params, shape)
    agenda.keep(account)
    return expanded(account, page(wanted(account, kind, params), params, f"/v1/{path}"), params)


def _post(account: Account, path: str, params: dict[str, Any], public_url: str) -> Document:
    match path.split("/"):
        case ["checkout", "sessions"]:
            return expanded(account, sessions.create(account, params, public_url), params)
        case ["checkout", "sessions", session_id, "expire"]:
            check(params, SessionExpireParams)
            return expanded(account, sessions.expire(account, session_id), params)
        case ["refunds"]:
            return expanded(account, refund_requests.create(account, params), params)
        case ["refunds", refund_id]:
            return expanded(account, refund_requests.update(account, refund_id, params), params)
        case ["refunds", refund_id, "cancel"]:
            return expanded(account, refund_requests.cancel(account, refund_id, params), params)
    raise _unknown("POST", path)


def _unknown(method: str, path: str) -> StripeError:
    return StripeError(404, f"Unrecognized request URL ({method}: /v1/{path}).")
