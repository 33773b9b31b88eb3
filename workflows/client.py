"""The connection to Temporal, configured as `temporalio.envconfig` reads the environment."""

from temporalio.client import Client
from temporalio.envconfig import ClientConfig


async def connect(*, lazy: bool = False) -> Client:
    """Return a client; a lazy one connects at its first call, so that it may start before Temporal.

    https://docs.temporal.io/develop/environment-configuration
    """
    return await Client.connect(**ClientConfig.load_client_connect_config(), lazy=lazy)
