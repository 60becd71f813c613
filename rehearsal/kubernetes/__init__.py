"""A Kubernetes API per rehearsed cluster, with what the product's flows meet of KubeSphere and KubeFed."""

from fleetforge.rehearsal.kubernetes.cluster import KubernetesCluster
from fleetforge.rehearsal.kubernetes.pace import Pace

__all__ = ["KubernetesCluster", "Pace"]
