"""Yahoo's limits on the Prefect server: the same for all runs that share the server."""

from __future__ import annotations

import logging

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.concurrency.sync import rate_limit
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound

from flows import policy

LOG = logging.getLogger(__name__)


def ensure() -> None:
    """Make the server's two limits where they are missing: requests in time, and tasks at once.

    One that somebody has set stays as it is.
    """
    with get_client(sync_client=True) as client:
        _ensure(
            client, policy.RATE_LIMIT_NAME, policy.RATE_LIMIT_SLOTS, policy.RATE_LIMIT_PER_SECOND
        )
        _ensure(client, policy.CONNECTIONS_NAME, policy.CONNECTIONS, 0.0)


def _ensure(client: SyncPrefectClient, name: str, limit: int, decay: float) -> None:
    try:
        client.read_global_concurrency_limit_by_name(name)
        return
    except ObjectNotFound:
        pass
    try:
        client.create_global_concurrency_limit(
            GlobalConcurrencyLimitCreate(name=name, limit=limit, slot_decay_per_second=decay)
        )
    except ObjectAlreadyExists:
        LOG.debug("another run made the limit %s at the same moment", name)


def take_turn() -> None:
    """Wait for a slot of the limit (a limit that was deleted meanwhile stops nobody)."""
    rate_limit(policy.RATE_LIMIT_NAME, strict=False)
