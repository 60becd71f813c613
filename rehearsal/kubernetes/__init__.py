"""A Kubernetes API per rehearsed cluster, with the behaviours of KubeSphere and KubeFed that the product's flows meet."""

from fleetforge.rehearsal.kubernetes.cluster import KubernetesCluster
from fleetforge.rehearsal.kubernetes.pace import Pace

__all__ = ["KubernetesCluster", "Pace"]
