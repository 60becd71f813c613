"""How fast the stand-in lives. All in seconds; the comments give what the real parts take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """One value per kind of waiting; tests make them smaller, demonstrations larger."""

    transition: float = 0.05
    """Between two states of a Pod, a node or a namespace (seconds to a minute)."""

    pull_backoff: float = 0.3
    """Between two attempts to pull a missing image (10 s doubling to 5 min)."""

    job: float = 0.1
    """How long the Pod of a Job runs."""

    install_step: float = 0.08
    """One task of ks-installer, besides the waiting for its Pods (minutes)."""

    install_wait: float = 8.0
    """How long ks-installer waits for Pods before it calls the task failed (15 to 30 min)."""

    resync: float = 1.0
    """Between two rounds of the cluster controller without a change (2 min)."""

    health: float = 1.0
    """Between two health checks of a KubeFedCluster (10 s); one failure counts (3)."""

    drift: float = 0.2
    """From a change on a member to its undoing (10 s)."""

    request: float = 3.0
    """The longest wait for an answer of a member (3 s)."""
