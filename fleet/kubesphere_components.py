"""Which workloads KubeSphere 3.4 has to run for what its ClusterConfiguration enables, and whether they do.

Names come from the manifests of v3.4.1. What operators make at run time is ``made later``: it may be absent, but when
it is there it has to be ready. What ks-installer itself does not wait for is shown and never held against the cluster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from fleetforge.fleet.kubesphere import at

Kind = Literal["Deployment", "StatefulSet", "DaemonSet", "APIService"]
Need = Literal["needed", "made later", "not waited for"]

SYSTEM, CONTROLS, MONITORING = "kubesphere-system", "kubesphere-controls-system", "kubesphere-monitoring-system"
LOGGING, DEVOPS, FEDERATION = "kubesphere-logging-system", "kubesphere-devops-system", "kube-federation-system"


@dataclass(frozen=True, slots=True)
class Workload:
    """A workload that belongs to a component."""

    component: str
    namespace: str
    kind: Kind
    name: str
    need: Need = "needed"


@dataclass(frozen=True, slots=True)
class ComponentHealth:
    """A workload as it is: ``ready`` of ``desired`` replicas, ``found`` False when it does not exist."""

    workload: Workload
    found: bool
    ready: int = 0
    desired: int = 0
    current: bool = True  # the controller has seen the last change

    @property
    def healthy(self) -> bool:
        if self.workload.need == "not waited for":
            return True
        if not self.found:
            return self.workload.need == "made later"
        return self.current and self.ready >= self.desired

    def __str__(self) -> str:
        held = self.workload
        state = f"{self.ready} of {self.desired} ready" if self.found else "does not exist"
        return f"{held.component}: {held.kind} {held.namespace}/{held.name} {state}"


_MARKS: dict[str, Need] = {"~": "made later", "?": "not waited for"}


def _rows(component: str, namespace: str, kind: Kind, *names: str) -> tuple[Workload, ...]:
    """A trailing ``~`` marks a name made later, ``?`` one that is not waited for."""
    return tuple(
        Workload(component, namespace, kind, name.rstrip("~?"), _MARKS.get(name[-1], "needed")) for name in names
    )


_ALWAYS = (
    *_rows("installer", SYSTEM, "Deployment", "ks-installer"),
    *_rows("core", SYSTEM, "Deployment", "ks-apiserver", "ks-console", "ks-controller-manager"),
    *_rows("core", CONTROLS, "Deployment", "default-http-backend?"),
    *_rows("snapshots", "kube-system", "StatefulSet", "snapshot-controller?"),
)
_MONITORING = (
    *_rows("monitoring", MONITORING, "Deployment", "prometheus-operator", "kube-state-metrics"),
    *_rows(
        "monitoring", MONITORING, "Deployment", "notification-manager-operator~", "notification-manager-deployment~"
    ),
    *_rows("monitoring", MONITORING, "DaemonSet", "node-exporter"),
    *_rows("monitoring", MONITORING, "StatefulSet", "prometheus-k8s~", "alertmanager-main~"),
)
_HOST = (
    *_rows("multicluster", FEDERATION, "Deployment", "kubefed-controller-manager", "kubefed-admission-webhook"),
    *_rows("multicluster", SYSTEM, "Deployment", "tower"),
)
_ISTIO = ("istiod-1-14-6", "jaeger-operator", "kiali-operator", "jaeger-collector~", "jaeger-query~", "kiali~")
_METRICS = Workload("metrics_server", "", "APIService", "v1beta1.metrics.k8s.io")

Spec = Mapping[str, Any]
_SWITCHED: tuple[tuple[Callable[[Spec], bool], tuple[Workload, ...]], ...] = (
    (lambda spec: at(spec, "common", "monitoring", "type") != "external", _MONITORING),
    (
        lambda spec: _on(spec, "metrics_server"),
        (*_rows("metrics_server", "kube-system", "Deployment", "metrics-server"), _METRICS),
    ),
    (lambda spec: _on(spec, "alerting"), _rows("alerting", MONITORING, "StatefulSet", "thanos-ruler-kubesphere~")),
    (
        lambda spec: _searches(spec) and at(spec, "common", "opensearch", "enabled") is not False,
        _rows("opensearch", LOGGING, "StatefulSet", "opensearch-cluster-master", "opensearch-cluster-data"),
    ),
    (
        lambda spec: _searches(spec),
        (
            *_rows("fluentbit", LOGGING, "Deployment", "fluentbit-operator"),
            *_rows("fluentbit", LOGGING, "DaemonSet", "fluent-bit~"),
        ),
    ),
    (
        lambda spec: _on(spec, "logging") and at(spec, "logging", "logsidecar", "enabled") is not False,
        _rows("logging", LOGGING, "Deployment", "logsidecar-injector-deploy"),
    ),
    (
        lambda spec: _on(spec, "events"),
        _rows("events", LOGGING, "Deployment", "ks-events-operator", "ks-events-exporter~", "ks-events-ruler~"),
    ),
    (
        lambda spec: _on(spec, "auditing"),
        _rows("auditing", LOGGING, "Deployment", "kube-auditing-operator", "kube-auditing-webhook-deploy~"),
    ),
    (
        lambda spec: _on(spec, "devops"),
        (
            *_rows("devops", DEVOPS, "Deployment", "devops-apiserver", "devops-controller", "devops-jenkins"),
            *_rows("s2i", DEVOPS, "StatefulSet", "s2ioperator"),
        ),
    ),
    (lambda spec: _on(spec, "servicemesh"), _rows("servicemesh", "istio-system", "Deployment", *_ISTIO)),
    (
        lambda spec: _on(spec, "gatekeeper"),
        _rows("gatekeeper", "gatekeeper-system", "Deployment", "gatekeeper-controller-manager", "gatekeeper-audit"),
    ),
    (
        lambda spec: _on(spec, "edgeruntime"),
        (
            *_rows("edgeruntime", "kubeedge", "Deployment", "cloudcore", "edgeservice", "kubeedge-controller-manager"),
            *_rows("edgeruntime", "kubeedge", "DaemonSet", "cloud-iptables-manager"),
        ),
    ),
    (
        lambda spec: at(spec, "common", "redis", "enabled") is True and not at(spec, "common", "redis", "enableHA"),
        _rows("redis", SYSTEM, "Deployment", "redis"),
    ),
    (
        lambda spec: at(spec, "common", "redis", "enabled") is True and bool(at(spec, "common", "redis", "enableHA")),
        (
            *_rows("redis", SYSTEM, "StatefulSet", "redis-ha-server"),
            *_rows("redis", SYSTEM, "Deployment", "redis-ha-haproxy"),
        ),
    ),
    (
        lambda spec: at(spec, "common", "openldap", "enabled") is True or _on(spec, "devops"),
        _rows("openldap", SYSTEM, "StatefulSet", "openldap"),
    ),
    (
        lambda spec: (
            (_on(spec, "devops") or _on(at(spec, "openpitrix") or {}, "store")) and not at(spec, "common", "s3")
        ),
        _rows("minio", SYSTEM, "Deployment", "minio"),
    ),
    (
        lambda spec: at(spec, "network", "topology", "type") == "weave-scope",
        (
            *_rows("network topology", "weave", "Deployment", "weave-scope-app", "weave-scope-cluster-agent"),
            *_rows("network topology", "weave", "DaemonSet", "weave-scope-agent"),
        ),
    ),
    (lambda spec: at(spec, "multicluster", "clusterRole") == "host", _HOST),
)
MULTICLUSTER_HOST = _HOST
"""What a host cluster runs besides; FAQ Q3 looks at the same."""


def expected(configuration: Mapping[str, Any]) -> tuple[Workload, ...]:
    """Every workload the cc's spec asks for."""
    spec = configuration.get("spec") or {}
    return (*_ALWAYS, *(workload for wanted, rows in _SWITCHED if wanted(spec) for workload in rows))


def health_of(workload: Workload, item: Mapping[str, Any] | None) -> ComponentHealth:
    """The workload's health, from its object (None: absent)."""
    if item is None:
        return ComponentHealth(workload, found=False)
    spec, status = item.get("spec") or {}, item.get("status") or {}
    current = int(status.get("observedGeneration") or 0) >= int(item["metadata"].get("generation") or 0)
    if workload.kind == "APIService":
        return ComponentHealth(workload, True, int(_available(status)), 1)
    if workload.kind == "DaemonSet":
        return ComponentHealth(
            workload, True, _number(status, "numberReady"), _number(status, "desiredNumberScheduled"), current
        )
    desired = spec.get("replicas")
    return ComponentHealth(workload, True, _number(status, "readyReplicas"), 1 if desired is None else desired, current)


def places(workloads: tuple[Workload, ...]) -> Iterator[tuple[Kind, str]]:
    """Each kind and namespace to be listed, once."""
    yield from dict.fromkeys((workload.kind, workload.namespace) for workload in workloads)


def _on(spec: Spec, key: str) -> bool:
    return at(spec, key, "enabled") is True


def _searches(spec: Spec) -> bool:
    """Opensearch and Fluent Bit come with whatever writes to them."""
    return any(_on(spec, key) for key in ("logging", "events", "auditing", "servicemesh"))


def _available(status: Mapping[str, Any]) -> bool:
    conditions = status.get("conditions") or []
    return any(found["type"] == "Available" and found["status"] == "True" for found in conditions)


def _number(status: Mapping[str, Any], key: str) -> int:
    return int(status.get(key) or 0)
