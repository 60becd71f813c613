"""One lock per cluster: two flows on one cluster queue instead of colliding.

A Prefect global concurrency limit of one slot, held with a lease that its holder renews; when the holder dies, the
lease runs out and the slot is free again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from prefect.client.orchestration import get_client
from prefect.concurrency.sync import concurrency
from prefect.exceptions import ObjectNotFound

from fleetforge.fleet.errors.catalogue import fault

LEASE = 60
"""Seconds a dead holder's lock stays taken; the shortest lease Prefect grants."""


@contextmanager
def cluster_lock(fleet: str, cluster: str, timeout: float = 3600) -> Iterator[None]:
    """Hold the lock of one cluster; ``FF-FLT-006`` (transient) when it is not free after ``timeout`` seconds."""
    name = f"fleetforge-{fleet}-{cluster}"
    _ensured(name)
    with ExitStack() as held:
        try:
            held.enter_context(concurrency(name, occupy=1, timeout_seconds=timeout, lease_duration=LEASE, strict=True))
        except TimeoutError as error:
            what = f"the lock of cluster {cluster} was not free within {timeout:.0f} s"
            raise fault("FF-FLT-006", what, where=name) from error
        yield


def _ensured(name: str) -> None:
    with get_client(sync_client=True) as client:
        try:
            client.read_global_concurrency_limit_by_name(name)
        except ObjectNotFound:
            client.upsert_global_concurrency_limit_by_name(name, 1)
