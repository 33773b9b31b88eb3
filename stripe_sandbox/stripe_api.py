"""The routes under `/v1`, for the real SDK."""

import copy
import hmac
from base64 import b64decode
from binascii import Error as NotBase64
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from stripe.params import (
    ChargeListParams,
    EventListParams,
    PaymentIntentListParams,
    RefundCreateParams,
    RefundListParams,
)
from stripe.params.checkout import (
    SessionExpireParams,
    SessionListLineItemsParams,
    SessionListParams,
    SessionRetrieveParams,
)

from stripe_sandbox import faults, forms, refunds, sessions
from stripe_sandbox.account import API_VERSION, Account
from stripe_sandbox.errors import StripeError, invalid
from stripe_sandbox.idempotency import Idempotency
from stripe_sandbox.lists import page
from stripe_sandbox.parameters import check
from stripe_sandbox.store import Document

RESOURCES = {
    "payment_intents": ("payment_intent", PaymentIntentListParams),
    "charges": ("charge", ChargeListParams),
    "events": ("event", EventListParams),
    "refunds": (refunds.KIND, RefundListParams),
}
EXPANDABLE = {"payment_intent": "payment_intent", "latest_charge": "charge", "charge": "charge"}

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
        case ["checkout", "sessions"]:
            check(params, SessionListParams)
            sessions.expire_overdue(account)
            found = [
                session
                for session in _newest_first(account, sessions.KIND)
                if params.get("payment_intent") in (None, session["payment_intent"])
                and params.get("status") in (None, session["status"])
            ]
            return _expanded(account, page(found, params, f"/v1/{path}"), params)
        case ["checkout", "sessions", session_id]:
            check(params, SessionRetrieveParams)
            return _expanded(account, sessions.find(account, session_id), params)
        case ["checkout", "sessions", session_id, "line_items"]:
            check(params, SessionListLineItemsParams)
            return page(sessions.line_items(account, session_id), params, f"/v1/{path}")
        case [resource] if resource in RESOURCES:
            kind, shape = RESOURCES[resource]
            check(params, shape)
            found = [
                document
                for document in _newest_first(account, kind)
                if _wanted(account, document, params)
            ]
            return _expanded(account, page(found, params, f"/v1/{path}"), params)
        case [resource, key] if resource in RESOURCES:
            check(params, SessionRetrieveParams)
            return _expanded(account, account.find(RESOURCES[resource][0], key), params)
    raise _unknown("GET", path)


def _post(account: Account, path: str, params: dict[str, Any], public_url: str) -> Document:
    match path.split("/"):
        case ["checkout", "sessions"]:
            return _expanded(account, sessions.create(account, params, public_url), params)
        case ["checkout", "sessions", session_id, "expire"]:
            check(params, SessionExpireParams)
            return _expanded(account, sessions.expire(account, session_id), params)
        case ["refunds"]:
            check(params, RefundCreateParams)
            return _expanded(account, refunds.create(account, params), params)
    raise _unknown("POST", path)


def _unknown(method: str, path: str) -> StripeError:
    return StripeError(404, f"Unrecognized request URL ({method}: /v1/{path}).")


def _newest_first(account: Account, kind: str) -> list[Document]:
    return account.store.all(kind)[::-1]


def _wanted(account: Account, document: Document, params: dict[str, Any]) -> bool:
    """Say whether a document passes the filters of its list."""
    types = params.get("types") or ([params["type"]] if "type" in params else None)
    if types and document["type"] not in types:
        return False
    if "delivery_success" in params:
        delivery = account.store.get("delivery", document["id"]) or {"delivered": True}
        if delivery["delivered"] != (params["delivery_success"] == "true"):
            return False
    return params.get("payment_intent") in (None, document.get("payment_intent"))


def _expanded(account: Account, document: Document, params: dict[str, Any]) -> Document:
    """Return a document with the fields that `expand` names made whole."""
    result = copy.deepcopy(document)
    for path in params.get("expand") or []:
        _expand(account, result, path.split("."))
    return result


def _expand(account: Account, node: Any, path: list[str]) -> None:
    if isinstance(node, list):
        for item in node:
            _expand(account, item, path)
    elif path and isinstance(node, dict):
        name, value = path[0], node.get(path[0])
        if name == "line_items" and node["object"] == sessions.KIND:
            items = sessions.line_items(account, node["id"])
            node[name] = page(items, {}, f"/v1/checkout/sessions/{node['id']}/line_items")
        elif name in EXPANDABLE and name in node:
            if isinstance(value, str):
                node[name] = copy.deepcopy(account.find(EXPANDABLE[name], value))
        elif name != "data":
            raise invalid("expand", f"This property cannot be expanded ({name}).")
        _expand(account, node.get(name), path[1:])
