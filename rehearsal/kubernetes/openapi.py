"""Just enough OpenAPI v3 for a current kubectl: which kinds exist and that validation is the server's affair.

No schemas. Real servers of 1.22 have only v2; a kubectl of today asks for v3 first and is content with this.
"""

from __future__ import annotations

from fleetforge.rehearsal.kubernetes.objects import Object
from fleetforge.rehearsal.kubernetes.resources import Resource, ResourceTable

_PARAMETERS = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in ("dryRun", "fieldValidation")]


def described(path: str, table: ResourceTable) -> Object | None:
    """The document at ``/openapi/v3`` or below it; None elsewhere."""
    if path == "/openapi/v3":
        heads = {_head(resource) for resource in table.all()}
        return {"paths": {head: {"serverRelativeURL": f"/openapi/v3/{head}"} for head in sorted(heads)}}
    if not path.startswith("/openapi/v3/"):
        return None
    head = path.removeprefix("/openapi/v3/")
    served = [resource for resource in table.all() if _head(resource) == head]
    paths = {f"/{head}{_scope(resource)}/{resource.plural}/{{name}}": _operations(resource) for resource in served}
    return {"openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "v1"}, "paths": paths}


def _head(resource: Resource) -> str:
    return f"apis/{resource.group}/{resource.version}" if resource.group else f"api/{resource.version}"


def _scope(resource: Resource) -> str:
    return "/namespaces/{namespace}" if resource.namespaced else ""


def _operations(resource: Resource) -> Object:
    kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    return {"patch": {"parameters": _PARAMETERS, "x-kubernetes-group-version-kind": kind, "responses": {}}}
