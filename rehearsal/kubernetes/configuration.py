"""The ClusterConfiguration of ks-installer v3.4.1: its defaults, and when the installer makes it anew.

Defaults as in the project's deploy/cluster-configuration.yaml of that tag, as data.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fleetforge.rehearsal.kubernetes.objects import Object, copied, made

NAMESPACE = "kubesphere-system"
NAME = "ks-installer"


def default_spec() -> Object:
    """A complete spec with every component off."""
    return {
        "persistence": {"storageClass": ""},
        "authentication": {"jwtSecret": ""},
        "local_registry": "",
        "etcd": {"monitoring": False, "endpointIps": "localhost", "port": 2379, "tlsEnable": True},
        "common": _common(),
        "alerting": {"enabled": False},
        "auditing": {"enabled": False},
        "devops": {
            "enabled": False,
            "jenkinsCpuReq": 0.5,
            "jenkinsCpuLim": 1,
            "jenkinsMemoryReq": "4Gi",
            "jenkinsMemoryLim": "4Gi",
            "jenkinsVolumeSize": "16Gi",
        },
        "events": {"enabled": False, "ruler": {"enabled": True, "replicas": 2}},
        "logging": {"enabled": False, "logsidecar": {"enabled": True, "replicas": 2}},
        "metrics_server": {"enabled": False},
        "monitoring": {
            "storageClass": "",
            "node_exporter": {"port": 9100},
            "gpu": {"nvidia_dcgm_exporter": {"enabled": False}},
        },
        "multicluster": {"clusterRole": "none"},
        "network": {
            "networkpolicy": {"enabled": False},
            "ippool": {"type": "none"},
            "topology": {"type": "none"},
        },
        "openpitrix": {"store": {"enabled": False}},
        "servicemesh": {"enabled": False, "istio": {"components": {"cni": {"enabled": False}}}},
        "edgeruntime": {"enabled": False, "kubeedge": {"enabled": False}},
        "gatekeeper": {"enabled": False},
        "terminal": {"timeout": 600},
    }


def _common() -> Object:
    return {
        "core": {"console": {"enableMultiLogin": True, "port": 30880, "type": "NodePort"}},
        "redis": {"enabled": False, "enableHA": False, "volumeSize": "2Gi"},
        "openldap": {"enabled": False, "volumeSize": "2Gi"},
        "minio": {"volumeSize": "20Gi"},
        "monitoring": {"endpoint": "http://prometheus-operated.kubesphere-monitoring-system.svc:9090"},
        "gpu": {"kinds": [{"resourceName": "nvidia.com/gpu", "resourceType": "GPU", "default": True}]},
        "es": {"enabled": False, "logMaxAge": 7, "elkPrefix": "logstash", "basicAuth": {"enabled": False}},
        "opensearch": {"enabled": True, "logMaxAge": 7, "opensearchPrefix": "whizard"},
    }


def configuration(version: str, given: dict[str, Any] | None) -> Object:
    """The ClusterConfiguration to apply: ``given`` is a whole object, only its spec, or nothing."""
    spec = default_spec()
    if given is not None:
        spec = copied(given["spec"] if "spec" in given and "kind" in given else given)
    labels = {"version": version}
    return made("installer.kubesphere.io/v1alpha1", "ClusterConfiguration", NAME, NAMESPACE, labels=labels, spec=spec)


def reasons_to_migrate(spec: Object, status: Object, version: str) -> Iterator[str]:
    """Why the installer deletes and re-creates this ClusterConfiguration before a run."""
    if "terminal" not in spec:
        yield "terminal"
    if "events" in spec and "ruler" not in spec["events"]:
        yield "events.ruler"
    if "servicemesh" in spec and "istio" not in spec["servicemesh"]:
        yield "servicemesh.istio"
    yield from (key for key in ("networkpolicy", "notification", "kubeedge") if key in spec)
    devops = spec.get("devops") or {}
    if devops.get("enabled") and not {"jenkinsCpuReq", "jenkinsCpuLim"} <= devops.keys():
        yield "devops"
    if "logsidecarReplicas" in (spec.get("logging") or {}):
        yield "logging"
    if "core" in status and status["core"].get("version") != version:
        yield "version"


def migrated(spec: Object) -> Object:
    """The spec as the installer writes it back: what was missing filled in, what is outdated left out."""
    new = {
        key: value for key, value in copied(spec).items() if key not in ("networkpolicy", "notification", "kubeedge")
    }
    defaults = default_spec()
    new.setdefault("terminal", defaults["terminal"])
    for section, key in (("events", "ruler"), ("servicemesh", "istio")):
        if section in new:
            new[section].setdefault(key, defaults[section][key])
    if (new.get("devops") or {}).get("enabled"):
        new["devops"] = {**defaults["devops"], **new["devops"]}
    (new.get("logging") or {}).pop("logsidecarReplicas", None)
    return new
