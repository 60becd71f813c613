"""All controllers of one cluster, started and stopped together."""

from __future__ import annotations

from fleetforge.rehearsal.kubernetes.aggregation import ApiServices
from fleetforge.rehearsal.kubernetes.control import Keys
from fleetforge.rehearsal.kubernetes.deployments import Deployments, ReplicaSets
from fleetforge.rehearsal.kubernetes.housekeeping import Budgets, Claims, Endpoints, Namespaces
from fleetforge.rehearsal.kubernetes.kubelet import Kubelets, Pulls
from fleetforge.rehearsal.kubernetes.logs import Logs
from fleetforge.rehearsal.kubernetes.nodes import Nodes
from fleetforge.rehearsal.kubernetes.pace import Pace
from fleetforge.rehearsal.kubernetes.replicated import DaemonSets, Jobs, StatefulSets
from fleetforge.rehearsal.kubernetes.scheduling import Scheduler
from fleetforge.rehearsal.kubernetes.store import Store


class Controllers:
    """What kube-controller-manager, kube-scheduler and the kubelets do, as far as anybody here looks.

    ``nodes`` is public, because a site silences and wakes machines through it.
    """

    def __init__(self, store: Store, version: str, ca_pem: str, *, pulls: Pulls, logs: Logs, pace: Pace) -> None:
        self.nodes = Nodes(store, pace)
        self._keys = Keys(
            store,
            [
                self.nodes,
                Namespaces(store, pace, version, ca_pem),
                Deployments(store),
                ReplicaSets(store),
                StatefulSets(store),
                DaemonSets(store),
                Jobs(store),
                Scheduler(store),
                Kubelets(store, pace, pulls, logs),
                Endpoints(store),
                Claims(store),
                Budgets(store),
                ApiServices(store),
            ],
        )

    def start(self) -> None:
        self._keys.start()

    async def stop(self) -> None:
        await self._keys.stop()
