"""Idempotency keys: a key stands for one request of one user, and for its answer."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, and_, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from database.models import IdempotencyKeyRow
from domain.ids import UserId, new_suffix

ABANDONED_AFTER = timedelta(seconds=60)


@dataclass(frozen=True)
class Claim:
    """A key that is ours to answer; `resource_suffix` names what the request creates."""

    user_id: UserId
    key: str
    resource_suffix: str


@dataclass(frozen=True)
class Answer:
    """What the first request with a key was answered."""

    status_code: int
    media_type: str
    body: bytes


async def claim(
    connection: AsyncConnection, user_id: UserId, key: str, fingerprint: bytes
) -> Claim | None:
    """Take a key for a request; None when it has been taken.

    A claim whose process died is taken over after a minute, with the same `resource_suffix`.
    """
    row = IdempotencyKeyRow
    abandoned = and_(
        row.fingerprint == fingerprint,
        row.status_code.is_(None),
        row.locked_at < func.now() - ABANDONED_AFTER,
    )
    statement = (
        upsert(row)
        .values(
            user_id=user_id,
            key=key,
            fingerprint=fingerprint,
            resource_suffix=new_suffix(),
        )
        .on_conflict_do_update(
            index_elements=[row.user_id, row.key], set_={"locked_at": func.now()}, where=abandoned
        )
        .returning(row.resource_suffix)
    )
    suffix = (await connection.execute(statement)).scalar_one_or_none()
    return Claim(user_id, key, suffix) if suffix else None


async def find(connection: AsyncConnection, user_id: UserId, key: str) -> Row[Any] | None:
    """Return what is known of a key: its fingerprint and, when there is one, its answer."""
    statement = select(IdempotencyKeyRow.__table__).where(
        IdempotencyKeyRow.user_id == user_id, IdempotencyKeyRow.key == key
    )
    return (await connection.execute(statement)).one_or_none()


async def store(connection: AsyncConnection, claimed: Claim, answer: Answer) -> None:
    """Keep the answer for whoever comes again with the key."""
    await connection.execute(
        update(IdempotencyKeyRow)
        .where(
            IdempotencyKeyRow.user_id == claimed.user_id,
            IdempotencyKeyRow.key == claimed.key,
        )
        .values(status_code=answer.status_code, media_type=answer.media_type, body=answer.body)
    )


async def release(connection: AsyncConnection, claimed: Claim) -> None:
    """Let a request that came to nothing be tried again at once.

    Its key goes on standing for the same resource: what it began may still come about.
    """
    await connection.execute(
        update(IdempotencyKeyRow)
        .where(
            IdempotencyKeyRow.user_id == claimed.user_id,
            IdempotencyKeyRow.key == claimed.key,
            IdempotencyKeyRow.status_code.is_(None),
        )
        .values(locked_at=IdempotencyKeyRow.created_at - ABANDONED_AFTER)
    )
