"""A fast stand-in for Stripe: Checkout Sessions and nothing else, kept in memory.

`stripe_sandbox` plays Stripe to the letter and sends its webhooks itself. Here the buyer must hold
the webhook in his own hands to time it, every answer takes a set time, and paying must cost next
to nothing, so that the machine is left to the variants. Each secret key is an account of its own.
"""

import argparse
import asyncio
import itertools
import json
import time
from collections import defaultdict
from typing import Any
from urllib.parse import parse_qsl

import uvloop
from aiohttp import web

from bench.stripe_session import new_session

Session = dict[str, Any]
_PAGE = 100  # https://docs.stripe.com/api/pagination: the longest


class StandIn:
    """Every account's sessions. `latency_seconds` is what each call of Stripe's API takes."""

    def __init__(self, public_url: str) -> None:
        self._public_url = public_url
        self._sessions: defaultdict[str, dict[str, Session]] = defaultdict(dict)
        self._by_key: dict[tuple[str, str], Session] = {}
        self._owner: dict[str, str] = {}
        self._numbers = itertools.count(1)
        self._latency_seconds = 0.0

    async def create(self, request: web.Request) -> web.Response:
        """Open a session; the same idempotency key answers the same one."""
        await asyncio.sleep(self._latency_seconds)
        account = _account(request)
        key = (account, request.headers.get("Idempotency-Key", ""))
        session = self._by_key.get(key)
        if session is None:
            session_id = f"cs_test_{next(self._numbers):058}"
            url = f"{self._public_url}/pay/{session_id}"
            form = dict(parse_qsl(await request.text()))
            session = new_session(session_id, url, form)
            self._sessions[account][session_id] = session
            self._owner[session_id] = account
            if key[1]:
                self._by_key[key] = session
        return web.json_response(session)

    async def retrieve(self, request: web.Request) -> web.Response:
        """Answer one session."""
        await asyncio.sleep(self._latency_seconds)
        return web.json_response(self._sessions[_account(request)][request.match_info["id"]])

    async def expire(self, request: web.Request) -> web.Response:
        """Expire an open session."""
        await asyncio.sleep(self._latency_seconds)
        session = self._sessions[_account(request)][request.match_info["id"]]
        if session["status"] != "open":
            message = 'Only Checkout Sessions with a status in ["open"] can be expired.'
            error = {"type": "invalid_request_error", "message": message}
            return web.json_response({"error": error}, status=400)
        session["status"] = "expired"
        return web.json_response(session)

    async def list(self, request: web.Request) -> web.Response:
        """Answer a page of the account's sessions, newest first."""
        await asyncio.sleep(self._latency_seconds)
        newest_first = list(reversed(self._sessions[_account(request)].values()))
        ids = [session["id"] for session in newest_first]
        after = request.query.get("starting_after")
        start = ids.index(after) + 1 if after else 0
        status = request.query.get("status")
        found = [s for s in newest_first[start:] if status in (None, s["status"])]
        page = {"object": "list", "url": "/v1/checkout/sessions", "data": found[:_PAGE]}
        return web.json_response(page | {"has_more": len(found) > _PAGE})

    async def pay(self, request: web.Request) -> web.Response:
        """Pay a session as a buyer does; answer the event, which the buyer delivers."""
        session_id = request.match_info["id"]
        session = self._sessions[self._owner[session_id]][session_id]
        session["status"], session["payment_status"] = "complete", "paid"
        session["payment_intent"] = f"pi_{next(self._numbers):024}"
        event = {
            "id": f"evt_{next(self._numbers):024}",
            "object": "event",
            "api_version": "2026-10-28.endive",
            "created": int(time.time()),
            "data": {"object": session},
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": "checkout.session.completed",
        }
        return web.Response(text=json.dumps(event, indent=2), content_type="application/json")

    async def health(self, _: web.Request) -> web.Response:
        """Say that requests are taken."""
        return web.Response()

    async def set_latency(self, request: web.Request) -> web.Response:
        """Let every call of the API take that many milliseconds from now on."""
        self._latency_seconds = float(request.match_info["milliseconds"]) / 1000
        return web.Response()


def _account(request: web.Request) -> str:
    return request.headers["Authorization"]


def create_app(public_url: str) -> web.Application:
    """Return the stand-in as an application."""
    stand_in = StandIn(public_url)
    app = web.Application()
    app.router.add_post("/v1/checkout/sessions", stand_in.create)
    app.router.add_get("/v1/checkout/sessions", stand_in.list)
    app.router.add_get("/v1/checkout/sessions/{id}", stand_in.retrieve)
    app.router.add_post("/v1/checkout/sessions/{id}/expire", stand_in.expire)
    app.router.add_post("/pay/{id}", stand_in.pay)
    app.router.add_get("/health", stand_in.health)
    app.router.add_put("/latency/{milliseconds}", stand_in.set_latency)
    return app


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser("bench.stripe_stand_in", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    web.run_app(
        create_app(f"http://{options.host}:{options.port}"),
        host=options.host,
        port=options.port,
        access_log=None,
        print=None,
        loop=uvloop.new_event_loop(),
    )


if __name__ == "__main__":
    main()
