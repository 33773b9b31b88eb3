"""What tests of activities stand on."""

from collections.abc import AsyncIterator

import pytest

from database.engine import Database
from tests.activities.guarding import Guarded


@pytest.fixture
async def guarded(database_url: str) -> AsyncIterator[Guarded]:
    """Orders and what moves them; afterwards no seat is taken twice."""
    database = Database(database_url)
    guarded = Guarded(database)
    yield guarded
    await guarded.assert_no_seat_twice()
    await database.close()
