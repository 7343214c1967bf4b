"""Yahoo's limit on the Prefect server: one for all runs that share the server."""

from __future__ import annotations

import logging

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.concurrency.sync import rate_limit
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound

from flows import policy

LOG = logging.getLogger(__name__)


def ensure() -> None:
    """Make the server's limit where there is none; one that somebody set stays as it is."""
    with get_client(sync_client=True) as client:
        try:
            client.read_global_concurrency_limit_by_name(policy.RATE_LIMIT_NAME)
            return
        except ObjectNotFound:
            pass
        try:
            client.create_global_concurrency_limit(
                GlobalConcurrencyLimitCreate(
                    name=policy.RATE_LIMIT_NAME,
                    limit=policy.RATE_LIMIT_SLOTS,
                    slot_decay_per_second=policy.RATE_LIMIT_PER_SECOND,
                )
            )
        except ObjectAlreadyExists:
            LOG.debug("another run made the limit at the same moment")


def take_turn() -> None:
    """Wait for a slot of the limit (a limit that was deleted meanwhile stops nobody)."""
    rate_limit(policy.RATE_LIMIT_NAME, strict=False)
