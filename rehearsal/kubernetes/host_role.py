"""What the multicluster task installs on a host cluster: KubeFed, its types, and tower."""

from __future__ import annotations

from fleetforge.rehearsal.kubernetes.collection import Collection
from fleetforge.rehearsal.kubernetes.components import FEDERATION, KUBEFED_CONTROLLER, KUBEFED_WEBHOOK, TOWER
from fleetforge.rehearsal.kubernetes.definitions import (
    FEDERATED_NAMESPACES,
    FEDERATED_TYPES,
    KUBEFED,
    KUBEFED_CONFIGS,
    TYPE_CONFIGS,
)
from fleetforge.rehearsal.kubernetes.objects import Object, made
from fleetforge.rehearsal.kubernetes.store import Store
from fleetforge.rehearsal.kubernetes.system_images import SystemImages
from fleetforge.rehearsal.kubernetes.workload import Workload

_MONITORED = "kubesphere-monitoring-federated"


def install_host_role(store: Store, images: SystemImages) -> list[Workload]:
    """Puts it there (safe to repeat) and gives what the installer waits for: KubeFed, not tower."""
    labels = {"kubesphere.io/workspace": "system-workspace"}
    Collection(store, "namespaces").ensure(made("v1", "Namespace", FEDERATION, labels=labels))
    _define(store)
    nodes = len(Collection(store, "nodes").all())
    for workload in (KUBEFED_CONTROLLER, KUBEFED_WEBHOOK):
        workload.deploy(store, images, 1 if nodes < 3 else 2)
    TOWER.deploy(store, images)
    Collection(store, KUBEFED_CONFIGS).ensure(_kubefed_config())
    for federated in FEDERATED_TYPES:
        Collection(store, TYPE_CONFIGS).ensure(federated.config(FEDERATION))
    Collection(store, "namespaces").ensure(made("v1", "Namespace", _MONITORED, labels=labels))
    federated_room = made("types.kubefed.io/v1beta1", "FederatedNamespace", _MONITORED, _MONITORED)
    federated_room["spec"] = {"template": {}, "placement": {"clusterSelector": {"matchLabels": {}}}}
    Collection(store, FEDERATED_NAMESPACES).ensure(federated_room)
    return [KUBEFED_CONTROLLER, KUBEFED_WEBHOOK]


def _define(store: Store) -> None:
    definitions = Collection(store, "customresourcedefinitions.apiextensions.k8s.io")
    for custom in (*KUBEFED, *(federated.federated for federated in FEDERATED_TYPES)):
        definitions.ensure(custom.definition())


def _kubefed_config() -> Object:
    spec = {
        "scope": "Cluster",
        "controllerDuration": {"availableDelay": "20s", "unavailableDelay": "60s"},
        "clusterHealthCheck": {"period": "10s", "failureThreshold": 3, "successThreshold": 1, "timeout": "3s"},
        "syncController": {"maxConcurrentReconciles": 1, "adoptResources": "Enabled"},
        "statusController": {"maxConcurrentReconciles": 1},
        "featureGates": [
            {"name": "PushReconciler", "configuration": "Enabled"},
            {"name": "SchedulerPreferences", "configuration": "Enabled"},
            {"name": "RawResourceStatusCollection", "configuration": "Disabled"},
        ],
    }
    return made("core.kubefed.io/v1beta1", "KubeFedConfig", "kubefed", FEDERATION, spec=spec)
