"""The tasks of ``create cluster`` that a rehearsal only tells: their order, their hosts, what a second run skips."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Again(Enum):
    """What happens on a host that is a node already."""

    DONE = "done"
    SKIPPED = "skipped"
    NEVER = "never"
    """Skipped in the first run, too."""


@dataclass(frozen=True, slots=True)
class Told:
    """Tasks of one module. ``group``: nodes, etcd, masters, first (control-plane host), workers."""

    module: str
    titles: tuple[str, ...]
    group: str
    again: Again = Again.SKIPPED


_RUNTIMES = {
    "docker": (
        *("Sync docker binaries", "Generate containerd service", "Generate docker service"),
        *("Generate docker config", "Enable containerd", "Enable docker"),
    ),
    "containerd": (
        *("Sync containerd binaries", "Generate containerd service", "Generate containerd config"),
        *("Enable containerd", "Sync crictl binaries", "Generate crictl config"),
    ),
}
ETCD = (
    Told("ETCDPreCheckModule", ("Get etcd status",), "etcd", Again.DONE),
    Told("CertsModule", ("Fetch etcd certs",), "etcd", Again.DONE),
    Told("CertsModule", ("Generate etcd Certs",), "local", Again.DONE),
    Told("CertsModule", ("Synchronize certs file",), "etcd", Again.DONE),
    Told("CertsModule", ("Synchronize certs file to master",), "masters", Again.NEVER),
    Told("InstallETCDBinaryModule", ("Install etcd using binary", "Generate etcd service"), "etcd"),
    Told("InstallETCDBinaryModule", ("Generate access address",), "etcd", Again.DONE),
    Told("ETCDConfigureModule", ("Health check on exist etcd",), "etcd", Again.DONE),
    Told("ETCDConfigureModule", ("Generate etcd.env config on new etcd",), "etcd"),
)
ETCD_FIRST_RUN = (
    Told("ETCDConfigureModule", ("Refresh etcd.env config on all etcd", "Restart etcd"), "etcd"),
    Told("ETCDConfigureModule", ("Health check on all etcd",), "etcd"),
    Told("ETCDConfigureModule", ("Refresh etcd.env config to exist mode on all etcd",), "etcd"),
)
ETCD_LATER_RUN = (
    Told("ETCDConfigureModule", ("Join etcd member", "Health check on new etcd", "Check etcd member"), "etcd"),
    Told("ETCDConfigureModule", ("Refresh etcd.env config on all etcd", "Restart etcd"), "etcd"),
)
BACKUP = (
    Told("ETCDConfigureModule", ("Health check on all etcd",), "etcd", Again.DONE),
    Told(
        "ETCDBackupModule",
        (
            *("Backup etcd data regularly", "Generate backup ETCD service", "Generate backup ETCD timer"),
            "Enable backup etcd service",
        ),
        "etcd",
        Again.DONE,
    ),
)
BEFORE_INIT = (
    Told(
        "InstallKubeBinariesModule",
        (
            *("Synchronize kubernetes binaries", "Change kubelet mode", "Generate kubelet service"),
            *("Enable kubelet service", "Generate kubelet env"),
        ),
        "nodes",
    ),
    Told("InitKubernetesModule", ("Generate kubeadm config",), "first"),
    Told("InitKubernetesModule", ("Generate audit policy", "Generate audit webhook"), "first", Again.NEVER),
)
AFTER_INIT = (
    Told("InitKubernetesModule", ("Copy admin.conf to ~/.kube/config", "Remove master taint"), "first"),
    Told(
        "ClusterDNSModule",
        (
            *("Generate coredns configmap", "Apply coredns configmap", "Generate coredns manifests", "Deploy coredns"),
            *("Generate nodelocaldns configmap", "Apply nodelocaldns configmap", "Generate nodelocaldns"),
            "Deploy nodelocaldns",
        ),
        "first",
        Again.DONE,
    ),
    Told("KubernetesStatusModule", ("Get kubernetes cluster status",), "masters", Again.DONE),
    Told("JoinNodesModule", ("Generate kubeadm config",), "nodes"),
    Told("JoinNodesModule", ("Generate audit policy", "Generate audit webhook"), "masters", Again.NEVER),
    Told("JoinNodesModule", ("Join control-plane node",), "masters"),
    Told("JoinNodesModule", ("Join worker node",), "workers"),
    Told("JoinNodesModule", ("Copy admin.conf to ~/.kube/config", "Remove master taint"), "masters"),
    Told("JoinNodesModule", ("Add worker label to all nodes",), "first", Again.DONE),
)
AFTER_NETWORK = (
    Told("ConfigureKubernetesModule", ("Configure kubernetes",), "masters", Again.DONE),
    Told("ChownModule", ("Chown user $HOME/.kube dir",), "nodes", Again.DONE),
    Told(
        "AutoRenewCertsModule",
        (
            *(f"Generate k8s certs renew {part}" for part in ("script", "service", "timer")),
            "Enable k8s certs renew service",
        ),
        "masters",
        Again.DONE,
    ),
)


def runtime(manager: str) -> Told:
    """InstallContainerModule; docker's tasks are those recorded where kk sets it up for Harbor."""
    return Told("InstallContainerModule", _RUNTIMES.get(manager, _RUNTIMES["containerd"]), "nodes")


def network(plugin: str) -> tuple[Told, ...]:
    """DeployNetworkPluginModule; nothing for ``none``."""
    titles = (f"Generate {plugin}", f"Deploy {plugin}")
    return () if plugin == "none" else (Told("DeployNetworkPluginModule", titles, "first", Again.DONE),)
