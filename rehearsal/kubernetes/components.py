"""Which workloads each KubeSphere v3.4.1 component runs, by its key in the ClusterConfiguration.

Only the workloads that a validator looks for; image names as upstream gives them.
"""

from __future__ import annotations

from fleetforge.rehearsal.kubernetes.workload import Workload

SYSTEM = "kubesphere-system"
CONTROLS = "kubesphere-controls-system"
MONITORING = "kubesphere-monitoring-system"
LOGGING = "kubesphere-logging-system"
DEVOPS = "kubesphere-devops-system"
FEDERATION = "kube-federation-system"
ROOMS = (SYSTEM, CONTROLS, MONITORING, "kubesphere-monitoring-federated")

APISERVER = "ks-apiserver"
CONTROLLER_MANAGER = "ks-controller-manager"


def installer(version: str) -> Workload:
    image = f"kubesphere/ks-installer:{version}"
    return Workload("Deployment", SYSTEM, "ks-installer", (image,))


def core(version: str) -> tuple[Workload, ...]:
    """What every KubeSphere runs; replicas follow the number of masters."""
    return (
        Workload("Deployment", SYSTEM, APISERVER, (f"kubesphere/ks-apiserver:{version}",), (80,)),
        Workload("Deployment", SYSTEM, "ks-console", (f"kubesphere/ks-console:{version}",), (80,), "NodePort"),
        Workload("Deployment", SYSTEM, CONTROLLER_MANAGER, (f"kubesphere/ks-controller-manager:{version}",), (443,)),
    )


CONTROL_HELPERS = (
    Workload(
        "Deployment", CONTROLS, "default-http-backend", ("mirrorgooglecontainers/defaultbackend-amd64:1.4",), (80,)
    ),
    Workload("StatefulSet", "kube-system", "snapshot-controller", ("csiplugin/snapshot-controller:v4.0.0",)),
)
"""Deployed by ks-core, and not waited for."""

LOCAL_STORAGE = Workload(
    "Deployment", "kube-system", "openebs-localpv-provisioner", ("openebs/provisioner-localpv:3.3.0",)
)
"""kk deploys it whenever KubeSphere is to be installed."""

TOWER = Workload("Deployment", SYSTEM, "tower", ("kubesphere/tower:v0.2.1",), (8080,), "LoadBalancer")
KUBEFED_CONTROLLER = Workload("Deployment", FEDERATION, "kubefed-controller-manager", ("kubesphere/kubefed:v0.8.1",))
KUBEFED_WEBHOOK = Workload(
    "Deployment", FEDERATION, "kubefed-admission-webhook", ("kubesphere/kubefed:v0.8.1",), (443,)
)

COMPONENTS: dict[str, tuple[Workload, ...]] = {
    "metrics_server": (
        Workload("Deployment", "kube-system", "metrics-server", ("kubesphere/metrics-server:v0.4.2",), (443,)),
    ),
    "monitoring": (
        Workload("Deployment", MONITORING, "prometheus-operator", ("kubesphere/prometheus-operator:v0.55.1",)),
        Workload("Deployment", MONITORING, "kube-state-metrics", ("kubesphere/kube-state-metrics:v2.6.0",)),
        Workload(
            "DaemonSet",
            MONITORING,
            "node-exporter",
            ("prom/node-exporter:v1.3.1", "kubesphere/kube-rbac-proxy:v0.11.0"),
        ),
        Workload("StatefulSet", MONITORING, "prometheus-k8s", ("prom/prometheus:v2.39.1",), (9090,)),
        Workload("StatefulSet", MONITORING, "alertmanager-main", ("prom/alertmanager:v0.23.0",), (9093,)),
        Workload(
            "Deployment",
            MONITORING,
            "notification-manager-operator",
            ("kubesphere/notification-manager-operator:v2.3.0",),
        ),
        Workload(
            "Deployment", MONITORING, "notification-manager-deployment", ("kubesphere/notification-manager:v2.3.0",)
        ),
    ),
    "alerting": (Workload("StatefulSet", MONITORING, "thanos-ruler-kubesphere", ("thanosio/thanos:v0.31.0",)),),
    "logging": (
        Workload("Deployment", LOGGING, "logsidecar-injector-deploy", ("kubesphere/log-sidecar-injector:v1.2.0",)),
    ),
    "events": (
        Workload("Deployment", LOGGING, "ks-events-operator", ("kubesphere/kube-events-operator:v0.6.0",)),
        Workload("Deployment", LOGGING, "ks-events-exporter", ("kubesphere/kube-events-exporter:v0.6.0",)),
        Workload("Deployment", LOGGING, "ks-events-ruler", ("kubesphere/kube-events-ruler:v0.6.0",)),
    ),
    "auditing": (
        Workload("Deployment", LOGGING, "kube-auditing-operator", ("kubesphere/kube-auditing-operator:v0.2.0",)),
        Workload("Deployment", LOGGING, "kube-auditing-webhook-deploy", ("kubesphere/kube-auditing-webhook:v0.2.0",)),
    ),
    "devops": (
        Workload("Deployment", DEVOPS, "devops-apiserver", ("kubesphere/devops-apiserver:ks-v3.4.1",)),
        Workload("Deployment", DEVOPS, "devops-controller", ("kubesphere/devops-controller:ks-v3.4.1",)),
        Workload("Deployment", DEVOPS, "devops-jenkins", ("kubesphere/ks-jenkins:v3.4.0-2.319.3-1",)),
        Workload("StatefulSet", DEVOPS, "s2ioperator", ("kubesphere/s2ioperator:v3.2.1",)),
    ),
    "servicemesh": (
        Workload("Deployment", "istio-system", "istiod-1-14-6", ("istio/pilot:1.14.6",)),
        Workload("Deployment", "istio-system", "jaeger-operator", ("jaegertracing/jaeger-operator:1.29",)),
        Workload("Deployment", "istio-system", "kiali-operator", ("kubesphere/kiali-operator:v1.50.1",)),
    ),
    "gatekeeper": (
        Workload(
            "Deployment", "gatekeeper-system", "gatekeeper-controller-manager", ("openpolicyagent/gatekeeper:v3.5.2",)
        ),
        Workload("Deployment", "gatekeeper-system", "gatekeeper-audit", ("openpolicyagent/gatekeeper:v3.5.2",)),
    ),
    "edgeruntime": (
        Workload("Deployment", "kubeedge", "cloudcore", ("kubeedge/cloudcore:v1.13.0",)),
        Workload("Deployment", "kubeedge", "edgeservice", ("kubesphere/edgeservice:v0.3.0",)),
        Workload("Deployment", "kubeedge", "kubeedge-controller-manager", ("kubesphere/edge-watcher:v0.2.1",)),
        Workload("DaemonSet", "kubeedge", "cloud-iptables-manager", ("kubeedge/iptables-manager:v1.13.0",)),
    ),
    "opensearch": (
        Workload("StatefulSet", LOGGING, "opensearch-cluster-master", ("opensearchproject/opensearch:2.6.0",)),
        Workload("StatefulSet", LOGGING, "opensearch-cluster-data", ("opensearchproject/opensearch:2.6.0",)),
    ),
    "fluentbit": (
        Workload("Deployment", LOGGING, "fluentbit-operator", ("kubesphere/fluentbit-operator:v0.14.0",)),
        Workload("DaemonSet", LOGGING, "fluent-bit", ("kubesphere/fluent-bit:v1.9.4",)),
    ),
    "redis": (Workload("Deployment", SYSTEM, "redis", ("library/redis:5.0.14-alpine",), (6379,)),),
    "openldap": (Workload("StatefulSet", SYSTEM, "openldap", ("osixia/openldap:1.3.0",), (389,)),),
    "minio": (Workload("Deployment", SYSTEM, "minio", ("minio/minio:RELEASE.2019-08-07T01-59-21Z",), (9000,)),),
}

TOP_LEVEL = ("alerting", "auditing", "devops", "events", "logging", "servicemesh", "gatekeeper", "edgeruntime")
"""Components that an ``enabled: true`` of their own switches on."""
