"""What a cluster built by kk runs in kube-system, with the images of its private registry."""

from __future__ import annotations

from fleetforge.rehearsal.kubernetes.collection import Collection
from fleetforge.rehearsal.kubernetes.objects import Object, labels_of, made, name_of
from fleetforge.rehearsal.kubernetes.store import Store
from fleetforge.rehearsal.kubernetes.system_images import SystemImages
from fleetforge.rehearsal.kubernetes.workload import Workload

CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
_ROOMS = ("default", "kube-system", "kube-public", "kube-node-lease")


def seed(store: Store) -> None:
    """What is there before anything is installed: the four namespaces, the kubernetes Service, cluster-admin."""
    for name in _ROOMS:
        Collection(store, "namespaces").ensure(made("v1", "Namespace", name))
    ports = {"ports": [{"name": "https", "port": 443, "targetPort": 6443}], "clusterIP": "10.233.0.1"}
    Collection(store, "services").ensure(made("v1", "Service", "kubernetes", "default", spec=ports))
    everything = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]
    rbac = "rbac.authorization.k8s.io"
    role = made(f"{rbac}/v1", "ClusterRole", "cluster-admin", rules=everything)
    Collection(store, f"clusterroles.{rbac}").ensure(role)
    binding = made(f"{rbac}/v1", "ClusterRoleBinding", "cluster-admin")
    binding["roleRef"] = {"apiGroup": rbac, "kind": "ClusterRole", "name": "cluster-admin"}
    binding["subjects"] = [{"apiGroup": rbac, "kind": "Group", "name": "system:masters"}]
    Collection(store, f"clusterrolebindings.{rbac}").ensure(binding)


def workloads(version: str) -> tuple[Workload, ...]:
    """Network, DNS and proxy, as kk deploys them (calico, coredns, node-local DNS)."""
    room = "kube-system"
    return (
        Workload(
            "DaemonSet", room, "kube-proxy", (f"kubesphere/kube-proxy:{version}",), labels={"k8s-app": "kube-proxy"}
        ),
        Workload("Deployment", room, "coredns", ("coredns/coredns:1.9.3",), (53,), labels={"k8s-app": "kube-dns"}),
        Workload(
            "DaemonSet",
            room,
            "calico-node",
            ("calico/node:v3.27.3",),
            init_images=("calico/cni:v3.27.3", "calico/pod2daemon-flexvol:v3.27.3"),
            labels={"k8s-app": "calico-node"},
        ),
        Workload(
            "Deployment",
            room,
            "calico-kube-controllers",
            ("calico/kube-controllers:v3.27.3",),
            labels={"k8s-app": "calico-kube-controllers"},
        ),
        Workload(
            "DaemonSet",
            room,
            "nodelocaldns",
            ("kubesphere/k8s-dns-node-cache:1.22.20",),
            labels={"k8s-app": "nodelocaldns"},
        ),
    )


def deploy(store: Store, version: str, images: SystemImages) -> None:
    """Puts the workloads there, and the static Pods of every control-plane node. Safe to repeat."""
    for workload in workloads(version):
        workload.deploy(store, images)
    for node in Collection(store, "nodes").all():
        add_static_pods(store, version, images, node)


def add_static_pods(store: Store, version: str, images: SystemImages, node: Object) -> None:
    """kube-apiserver, -controller-manager and -scheduler of a control-plane node, as its kubelet mirrors them."""
    if CONTROL_PLANE not in labels_of(node):
        return
    pods = Collection(store, "pods")
    for component in ("kube-apiserver", "kube-controller-manager", "kube-scheduler"):
        container = {"name": component, "image": images.of(f"kubesphere/{component}:{version}")}
        spec = {"containers": [container], "nodeName": name_of(node), "tolerations": [{"operator": "Exists"}]}
        labels = {"component": component, "tier": "control-plane"}
        noted = {"kubernetes.io/config.source": "file", "kubernetes.io/config.mirror": "rehearsal"}
        name = f"{component}-{name_of(node)}"
        owner = {"apiVersion": "v1", "kind": "Node", "name": name_of(node), "uid": node["metadata"]["uid"]}
        pod = made("v1", "Pod", name, "kube-system", labels=labels, annotations=noted, spec=spec)
        pod["metadata"]["ownerReferences"] = [{**owner, "controller": True}]
        pods.ensure(pod)
