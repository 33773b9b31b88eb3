"""Workers can be told to die before and after all that they do."""

import aiohttp

from database.engine import Database
from settings import WorkerSettings
from tests.workflows.world import skipped_time
from trials.kill.points import BEGINS, ENDS, all_points
from worker import build_deliverer, build_worker


async def test_there_are_points_at_both_ends_of_each_activity_and_of_nothing_else() -> None:
    settings = WorkerSettings.model_validate(
        {
            "database_url": "postgresql+asyncpg://nobody@localhost/nothing",
            "stripe_secret_key": "sk_test_1",
            "outgoing_webhook_url": "http://localhost/hooks",
            "outgoing_webhook_secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        }
    )
    database = Database(settings.database_url)
    async with skipped_time() as environment, aiohttp.ClientSession() as http:
        worker = build_worker(environment.client, database, http, settings)
        deliverer = build_deliverer(environment.client, database, http, settings)
        assert deliverer is not None
        activities = {
            activity.__name__
            for each in (worker, deliverer)
            for activity in each.config()["activities"]
        }
    ends = {point for point in all_points() if point.endswith((BEGINS, ENDS))}
    assert ends == {f"{name}.{end}" for name in activities for end in (BEGINS, ENDS)}
