"""What a server says it serves: /api, /apis, the resource lists, /version."""

from __future__ import annotations

from collections.abc import Iterable

from fleetforge.rehearsal.kubernetes.objects import Object
from fleetforge.rehearsal.kubernetes.resources import Resource, ResourceTable

_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]


def version_info(version: str) -> Object:
    """The body of ``/version`` for a gitVersion such as ``v1.22.17``."""
    major, minor, *_ = version.lstrip("v").split(".")
    return {
        "major": major,
        "minor": minor,
        "gitVersion": version,
        "gitCommit": "0" * 40,
        "gitTreeState": "clean",
        "buildDate": "2023-01-01T00:00:00Z",
        "goVersion": "go1.16.15",
        "compiler": "gc",
        "platform": "linux/amd64",
    }


def discovered(path: str, table: ResourceTable, address: str) -> Object | None:
    """The discovery document at ``path``; None when ``path`` is not one."""
    parts = [part for part in path.split("/") if part]
    if parts == ["api"]:
        addresses = [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}]
        return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": addresses}
    if parts == ["api", "v1"]:
        return _resource_list("", "v1", table.all())
    if parts == ["apis"]:
        groups = [_group(name, versions) for name, versions in table.groups().items()]
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
    groups_served = table.groups()
    if len(parts) in (2, 3) and parts[0] == "apis" and parts[1] in groups_served:
        if len(parts) == 2:
            return {"kind": "APIGroup", "apiVersion": "v1", **_group(parts[1], groups_served[parts[1]])}
        if parts[2] in groups_served[parts[1]]:
            return _resource_list(parts[1], parts[2], table.all())
    return None


def _group(name: str, versions: list[str]) -> Object:
    found = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": found, "preferredVersion": found[0]}


def _resource_list(group: str, version: str, resources: Iterable[Resource]) -> Object:
    served = [resource for resource in resources if (resource.group, resource.version) == (group, version)]
    entries = [entry for resource in served for entry in _entries(resource)]
    head = f"{group}/{version}" if group else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": head, "resources": entries}


def _entries(resource: Resource) -> list[Object]:
    entry: Object = {
        "name": resource.plural,
        "singularName": resource.singular if resource.custom else "",
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": _VERBS,
    }
    if resource.short:
        entry["shortNames"] = list(resource.short)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    return [entry, *_subresources(resource)]


def _subresources(resource: Resource) -> list[Object]:
    found: list[Object] = []
    if resource.status:
        found.append(_sub(resource, "status", resource.kind, "", "", ["get", "patch", "update"]))
    if resource.scale:
        found.append(_sub(resource, "scale", "Scale", "autoscaling", "v1", ["get", "patch", "update"]))
    if resource.name == "pods":
        found.append(_sub(resource, "eviction", "Eviction", "policy", "v1", ["create"]))
        found.append(_sub(resource, "log", "Pod", "", "", ["get"]))
    if resource.name == "services":
        found.append(_sub(resource, "proxy", "ServiceProxyOptions", "", "", ["get"]))
    return found


def _sub(resource: Resource, name: str, kind: str, group: str, version: str, verbs: list[str]) -> Object:
    entry: Object = {
        "name": f"{resource.plural}/{name}",
        "singularName": "",
        "namespaced": resource.namespaced,
        "kind": kind,
        "verbs": verbs,
    }
    if group:
        entry |= {"group": group, "version": version}
    return entry
