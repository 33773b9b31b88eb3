"""A buyer's HTTP client: any API will do, and trouble is a reason to try again."""

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import aiohttp

GOOD_CARD, DECLINED_CARD = "4242424242424242", "4000000000000002"  # docs.stripe.com/testing

_TRY_SECONDS = 15
_PAUSE_SECONDS = 1
_EXPECTED = frozenset(
    (
        *("order_not_payable", "sold_out", "session_refused"),
        *("already_paid", "payment_processing", "session_not_found"),
        *("nothing_to_refund", "amount_too_large", "payment_disputed", "refund_refused"),
        *("not_extendable", "state_changed", "already_asking", "checkout_over"),
    )
)


class NoAnswer(Exception):
    """The APIs stayed unavailable for as long as a buyer waits."""


@dataclass
class Diary:
    """What people saw and did: orders the API acknowledged, and what should never be answered."""

    came: int = 0
    order_ids: list[str] = field(default_factory=list)
    pressed: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    gave_up: Counter[str] = field(default_factory=Counter)
    strange: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Answer:
    """What an API answered; `code` names a problem, empty when all went well."""

    body: dict[str, Any]
    code: str = ""


@dataclass(frozen=True)
class Apis:
    """Where the APIs are, and for how long people wait for an answer."""

    http: aiohttp.ClientSession
    urls: tuple[str, ...]
    patience_seconds: float


class Client:
    """One person at the APIs. It keeps a diary."""

    def __init__(self, apis: Apis, token: str, chance: random.Random, diary: Diary) -> None:
        self._apis = apis
        self._headers = {"Authorization": f"Bearer {token}"}
        self._chance = chance
        self._diary = diary

    async def call(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """Call a random API until one answers. Raises NoAnswer when patience ends."""
        give_up_at = time.monotonic() + self._apis.patience_seconds
        while time.monotonic() < give_up_at:
            answer = await self._try(method, path, body, self._headers | (headers or {}))
            if answer:
                return answer
            await asyncio.sleep(_PAUSE_SECONDS * self._chance.uniform(0.5, 1.5))
        raise NoAnswer(_kind(method, path))

    async def _try(
        self, method: str, path: str, body: object, headers: dict[str, str]
    ) -> Answer | None:
        url = self._chance.choice(self._apis.urls) + path
        timeout = aiohttp.ClientTimeout(total=_TRY_SECONDS)
        try:
            async with self._apis.http.request(
                method, url, json=body, headers=headers, timeout=timeout
            ) as answer:
                if answer.ok:
                    return Answer(await answer.json() if "json" in answer.content_type else {})
                problem = await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError):
            return None
        code = str(problem["code"])
        if code in ("temporarily_unavailable", "idempotency_key_in_use"):
            return None
        if code not in _EXPECTED:
            self._diary.strange[f"{_kind(method, path)}: {answer.status} {code}"] += 1
        return Answer(problem, code)


def _kind(method: str, path: str) -> str:
    last = path.partition("?")[0].rpartition("/")[2]
    return f"{method} {'order' if last.startswith('ord_') else last}"
