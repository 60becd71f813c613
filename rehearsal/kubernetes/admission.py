"""What the server adds to new objects, and the few mistakes it refuses.

Only fields that somebody reads: replicas, Pod policies, Service addresses, namespace phase, Secret data from
stringData, service-account tokens, the conditions of a CustomResourceDefinition.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import Callable
from itertools import count

from fleetforge.rehearsal.kubernetes.objects import (
    Object,
    annotations_of,
    labels_of,
    name_of,
    namespace_of,
    set_condition,
)
from fleetforge.rehearsal.kubernetes.refusals import invalid
from fleetforge.rehearsal.kubernetes.resources import Resource
from fleetforge.rehearsal.kubernetes.selectors import selects
from fleetforge.rehearsal.kubernetes.store import Store

_NAME = re.compile(r"[a-z0-9]([a-z0-9.:-]*[a-z0-9])?")
_TEMPLATED = {"deployments.apps", "statefulsets.apps", "daemonsets.apps", "replicasets.apps", "jobs.batch"}
TOKEN_SECRET = "kubernetes.io/service-account-token"  # noqa: S105


class Admission:
    """Called by the store with every new object. ``ca_pem`` goes into the token secrets of service accounts."""

    def __init__(self, ca_pem: str) -> None:
        self._ca = ca_pem
        self._addresses = count(10)
        self._ports = count(30_100)
        self._defaults: dict[str, Callable[[Store, Object], None]] = {
            "pods": lambda _store, item: _pod_spec(item["spec"]),
            "namespaces": _namespace,
            "customresourcedefinitions.apiextensions.k8s.io": _definition,
            "persistentvolumeclaims": _claim,
        }

    def __call__(self, store: Store, resource: Resource, item: Object, old: Object | None) -> None:
        """Defaults ``item`` in place; ``old`` is what it replaces."""
        if not _NAME.fullmatch(name_of(item)) or len(name_of(item)) > 253:
            text = f'Invalid value: "{name_of(item)}": a lowercase RFC 1123 subdomain must consist of lower case '
            raise invalid(resource, name_of(item), [("metadata.name", text + "alphanumeric characters, '-' or '.'")])
        if resource.name in _TEMPLATED:
            _workload(resource, item)
        elif resource.name == "services":
            self._service(item, old)
        elif resource.name == "secrets":
            self._secret(store, item, old)
        if old is not None:
            return
        defaults = self._defaults.get(resource.name)
        if defaults:
            defaults(store, item)

    def _service(self, item: Object, old: Object | None) -> None:
        spec = item.setdefault("spec", {})
        kind = spec.setdefault("type", "ClusterIP")
        spec.setdefault("sessionAffinity", "None")
        had = (old or {}).get("spec") or {}
        if had.get("clusterIP"):
            spec.setdefault("clusterIP", had["clusterIP"])
        if kind != "ExternalName" and "clusterIP" not in spec:
            number = next(self._addresses)
            spec["clusterIP"] = f"10.233.{number // 250}.{number % 250 + 1}"
        known = {port["port"]: port["nodePort"] for port in had.get("ports") or [] if "nodePort" in port}
        for port in spec.get("ports") or []:
            port.setdefault("protocol", "TCP")
            port.setdefault("targetPort", port.get("port"))
            if kind in ("NodePort", "LoadBalancer") and "nodePort" not in port:
                port["nodePort"] = known.get(port["port"]) or next(self._ports)
        item.setdefault("status", {"loadBalancer": {}})

    def _secret(self, store: Store, item: Object, old: Object | None) -> None:
        for key, value in (item.pop("stringData", None) or {}).items():
            item.setdefault("data", {})[key] = base64.b64encode(value.encode()).decode()
        item.setdefault("type", (old or {}).get("type", "Opaque"))
        if item["type"] == TOKEN_SECRET and old is None:
            self._token(store, item)

    def _token(self, store: Store, item: Object) -> None:
        name = annotations_of(item).get("kubernetes.io/service-account.name", "")
        account = store.find(store.resource("serviceaccounts"), namespace_of(item), name)
        if account is None:
            return
        item["metadata"]["annotations"]["kubernetes.io/service-account.uid"] = account["metadata"]["uid"]
        values = {"ca.crt": self._ca, "namespace": namespace_of(item), "token": _token_of(account, name_of(item))}
        item["data"] = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}


def _token_of(account: Object, secret: str) -> str:
    """Shaped like the signed token of a real server; the signature is random and nobody checks it."""
    claims = {
        "iss": "kubernetes/serviceaccount",
        "kubernetes.io/serviceaccount/namespace": namespace_of(account),
        "kubernetes.io/serviceaccount/secret.name": secret,
        "kubernetes.io/serviceaccount/service-account.name": name_of(account),
        "sub": f"system:serviceaccount:{namespace_of(account)}:{name_of(account)}",
    }
    parts = [json.dumps({"alg": "RS256"}).encode(), json.dumps(claims).encode(), secrets.token_bytes(48)]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def _namespace(_store: Store, item: Object) -> None:
    item["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = name_of(item)
    item.setdefault("spec", {})["finalizers"] = ["kubernetes"]
    item["status"] = {"phase": "Active"}


def _definition(_store: Store, item: Object) -> None:
    names = dict(item["spec"]["names"])
    names.setdefault("listKind", names["kind"] + "List")
    names.setdefault("singular", names["kind"].lower())
    item["spec"]["names"] = names
    stored = [version["name"] for version in item["spec"]["versions"] if version.get("storage")]
    item["status"] = {"acceptedNames": names, "storedVersions": stored}
    set_condition(item["status"], "NamesAccepted", "True", "NoConflicts", "no conflicts found")
    set_condition(item["status"], "Established", "True", "InitialNamesAccepted", "the initial names have been accepted")


def _claim(store: Store, item: Object) -> None:
    if "storageClassName" not in item["spec"]:
        default = "storageclass.kubernetes.io/is-default-class"
        for storage in store.list(store.resource("storageclasses.storage.k8s.io")):
            if annotations_of(storage).get(default) == "true":
                item["spec"]["storageClassName"] = name_of(storage)
    item["status"] = {"phase": "Pending"}


def _workload(resource: Resource, item: Object) -> None:
    spec = item.get("spec") or {}
    template = spec.get("template")
    if not template or not (template.get("spec") or {}).get("containers"):
        raise invalid(resource, name_of(item), [("spec.template.spec.containers", "Required value")])
    template.setdefault("metadata", {})
    _pod_spec(template["spec"])
    if resource.plural == "jobs":
        _job(spec, item)
        return
    if not selects(spec.get("selector"), labels_of(template)):
        text = "Invalid value: `selector` does not match template `labels`"
        raise invalid(resource, name_of(item), [("spec.template.metadata.labels", text)])
    _replicated(resource.plural, spec)


def _replicated(plural: str, spec: Object) -> None:
    if plural != "daemonsets":
        spec.setdefault("replicas", 1)
    if plural != "replicasets":
        spec.setdefault("revisionHistoryLimit", 10)
    if plural == "deployments":
        rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}
        spec.setdefault("strategy", rolling)
        spec.setdefault("progressDeadlineSeconds", 600)
    if plural in ("statefulsets", "daemonsets"):
        spec.setdefault("updateStrategy", {"type": "RollingUpdate"})
    if plural == "statefulsets":
        spec.setdefault("podManagementPolicy", "OrderedReady")


def _job(spec: Object, item: Object) -> None:
    spec.setdefault("parallelism", 1)
    spec.setdefault("completions", 1)
    spec.setdefault("backoffLimit", 6)
    labels = {"job-name": name_of(item)}
    spec.setdefault("selector", {"matchLabels": labels})
    spec["template"]["metadata"].setdefault("labels", {}).update(labels)


def _pod_spec(spec: Object) -> None:
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("terminationGracePeriodSeconds", 30)
    spec.setdefault("schedulerName", "default-scheduler")
    spec.setdefault("securityContext", {})
    for container in [*spec.get("containers", []), *spec.get("initContainers", [])]:
        container.setdefault("resources", {})
        container.setdefault("terminationMessagePath", "/dev/termination-log")
        _, _, tag = container.get("image", "").rpartition("/")[2].partition(":")
        container.setdefault("imagePullPolicy", "Always" if tag in ("", "latest") else "IfNotPresent")
