"""What kk v3.1.7 has compiled in: Kubernetes, KubeSphere and component versions, and the images its nodes pull.

Neighbouring 3.1 releases differ in components, so a difference from these is a warning, never an error.
Source: 'kk version --show-supported-k8s' and the v3.1.7 source (apis/kubekey/v1alpha2/default.go, pkg/images/tasks.go).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fleetforge.fleet.kk_cluster import ClusterConfig

KK = "v3.1.7"
DEFAULT_KUBERNETES = "v1.23.17"

_SPARSE = {19: (0, 8, 9, 15), 20: (4, 6, 10)}
_LAST_PATCH = {21: 14, 22: 17, 23: 17, 24: 17, 25: 16, 26: 15, 27: 16, 28: 15, 29: 10, 30: 6, 31: 2}
_PATCHES = _SPARSE | {minor: tuple(range(last + 1)) for minor, last in _LAST_PATCH.items()}

KUBERNETES: tuple[str, ...] = tuple(f"v1.{minor}.{patch}" for minor, patches in _PATCHES.items() for patch in patches)
KUBESPHERE = ("v3.0.0", "v3.1.0", "v3.1.1", "v3.2.0", "v3.2.1", "v3.3.0", "v3.3.1", "v3.3.2", "v3.4.0", "v3.4.1")

COMPONENTS = {
    "etcd": "v3.5.13",
    "docker": "24.0.9",
    "containerd": "1.7.13",
    "crictl": "v1.29.0",
    "cni": "v1.2.0",
    "calicoctl": "v3.27.4",
    "helm": "v3.14.3",
    "docker-compose": "v2.26.1",
    "docker-registry": "2",
    "harbor": "v2.10.1",
}
KUBERNETES_IMAGES = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy")
_PLUGIN_IMAGES = {
    "calico": ("cni:v3.27.4", "node:v3.27.4", "kube-controllers:v3.27.4", "pod2daemon-flexvol:v3.27.4"),
    "flannel": ("flannel:v0.21.3", "flannel-cni-plugin:v1.1.2"),
    "cilium": ("cilium:v1.15.3", "operator-generic:v1.15.3"),
    "hybridnet": ("hybridnet:v0.8.6",),
    "kubeovn": ("kube-ovn:v1.10.10",),
}
_BALANCER_IMAGES = {"haproxy": ("haproxy:2.9.6-alpine",), "kube-vip": ("kube-vip:v0.7.2",)}
_PAUSE_AND_COREDNS = {
    21: ("3.4.1", "1.8.0"),
    22: ("3.5", "1.8.0"),
    23: ("3.6", "1.8.6"),
    24: ("3.7", "1.8.6"),
    25: ("3.8", "1.9.3"),
}


def nearest_supported(version: str) -> str:
    """The supported Kubernetes version nearest to ``version``: same minor first, then by distance."""
    numbers = [int(number) for number in re.findall(r"\d+", version)[:3]]
    major, minor, patch = [*numbers, 0, 0, 0][:3]
    wanted = minor if major == 1 else 99

    def distance(candidate: str) -> tuple[int, int]:
        _, held_minor, held_patch = (int(part) for part in candidate[1:].split("."))
        return abs(held_minor - wanted), abs(held_patch - patch)

    return min(KUBERNETES, key=distance)


def pulled_images(config: ClusterConfig) -> tuple[str, ...]:
    """``name:tag`` of every image kk's own steps pull for this cluster (KubeSphere's come later, by its installer)."""
    pause, coredns = _pause_and_coredns(config.kubernetes_version, config.container_manager)
    images = [f"{name}:{config.kubernetes_version}" for name in KUBERNETES_IMAGES]
    images += [f"pause:{pause}", f"coredns:{coredns}"]
    if config.kubernetes.nodelocaldns:
        images.append("k8s-dns-node-cache:1.22.20")
    images += _PLUGIN_IMAGES.get(config.network.plugin, ())
    images += _BALANCER_IMAGES.get(config.control_plane_endpoint.internal_loadbalancer, ())
    return tuple(images)


def _pause_and_coredns(version: str, container_manager: str) -> tuple[str, str]:
    found = re.match(r"v1\.(\d+)\.", version)
    minor = int(found.group(1)) if found else 0
    if minor < 21:
        return ("3.2", "1.6.9") if container_manager == "docker" else _PAUSE_AND_COREDNS[21]
    return _PAUSE_AND_COREDNS.get(minor, ("3.9", "1.9.3"))
