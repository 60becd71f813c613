"""What a request asks for: the path, the query and the body of a Kubernetes call taken apart."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import yaml

from fleetforge.rehearsal.kubernetes.objects import Object
from fleetforge.rehearsal.kubernetes.patches import APPLY
from fleetforge.rehearsal.kubernetes.refusals import NoSuchPath, bad_request, unsupported_media_type
from fleetforge.rehearsal.kubernetes.resources import Resource, ResourceTable
from fleetforge.rehearsal.kubernetes.selectors import Selection
from fleetforge.rehearsal.kubernetes.store import Deletion


@dataclass(frozen=True, slots=True)
class Target:
    """A resource, or one object of it, or a subresource (``log``, ``status``, ``proxy/kapis/version``)."""

    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""


def target_of(path: str, table: ResourceTable) -> Target:
    """Takes ``/api/v1/...`` or ``/apis/group/version/...`` apart; NoSuchPath when nothing is served there."""
    parts = [part for part in path.split("/") if part]
    if parts[:2] == ["api", "v1"]:
        group, version, rest = "", "v1", parts[2:]
    elif parts[:1] == ["apis"] and len(parts) > 3:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        raise NoSuchPath(path)
    namespace = ""
    if rest[:1] == ["namespaces"] and len(rest) > 2 and not (group == "" and rest[2] in ("status", "finalize")):
        namespace, rest = rest[1], rest[2:]
    resource = table.served(group, version, rest[0]) if rest else None
    if resource is None or (namespace and not resource.namespaced):
        raise NoSuchPath(path)
    return Target(resource, namespace, rest[1] if len(rest) > 1 else "", "/".join(rest[2:]))


@dataclass(frozen=True, slots=True)
class Query:
    """The query parameters of a call; see ``parsed`` for their names."""

    selection: Selection
    limit: int = 0
    continue_token: str = ""
    version: str = ""
    watch: bool = False
    bookmarks: bool = False
    timeout: float | None = None
    dry_run: bool = False
    manager: str = ""

    @classmethod
    def parsed(cls, query: Mapping[str, str]) -> Query:
        return cls(
            selection=Selection.parsed(query.get("labelSelector", ""), query.get("fieldSelector", "")),
            limit=_whole(query, "limit"),
            continue_token=query.get("continue", ""),
            version=query.get("resourceVersion", ""),
            watch=is_true(query.get("watch", "")),
            bookmarks=is_true(query.get("allowWatchBookmarks", "")),
            timeout=_whole(query, "timeoutSeconds") or None,
            dry_run=query.get("dryRun") == "All",
            manager=query.get("fieldManager", ""),
        )


def _whole(query: Mapping[str, str], name: str) -> int:
    text = query.get(name, "") or "0"
    try:
        return int(text)
    except ValueError:
        raise bad_request(f"{name}: Invalid value: {text!r}") from None


def is_true(text: str) -> bool:
    return text.lower() in ("true", "1")


def body_of(content_type: str, content: bytes) -> object:
    """The decoded body: JSON, or YAML where the content type says so; {} when there is none. 415 for protobuf."""
    if not content.strip():
        return {}
    if "protobuf" in content_type:
        raise unsupported_media_type("application/json, application/yaml")
    try:
        if content_type in (APPLY, "application/yaml"):
            found: object = yaml.safe_load(content)
            return found
        return json.loads(content)
    except (ValueError, yaml.YAMLError) as error:
        raise bad_request(f"error decoding the body: {error}") from error


def object_in(body: object, target: Target) -> Object:
    """The object of a create or replace, checked against the path it was sent to."""
    if not isinstance(body, dict):
        raise bad_request("the body is not an object")
    metadata = body.setdefault("metadata", {})
    if body.get("kind") not in (None, target.resource.kind):
        raise bad_request(f"{body['kind']} cannot be handled as a {target.resource.kind}")
    if body.get("apiVersion") not in (None, target.resource.api_version):
        message = f"the API version in the data ({body['apiVersion']}) does not match the expected API version "
        raise bad_request(message + f"({target.resource.api_version})")
    if target.resource.namespaced:
        if metadata.get("namespace") not in (None, "", target.namespace):
            raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
        metadata["namespace"] = target.namespace
    if target.name and metadata.setdefault("name", target.name) != target.name:
        raise bad_request(
            f"the name of the object ({metadata['name']}) does not match the name on the URL ({target.name})"
        )
    return body


def deletion_in(body: object, query: Mapping[str, str]) -> Deletion:
    """The DeleteOptions of a call, from its body or its query."""
    options = body if isinstance(body, dict) else {}
    grace = options.get("gracePeriodSeconds", query.get("gracePeriodSeconds"))
    policy = options.get("propagationPolicy", query.get("propagationPolicy", "Background"))
    preconditions = options.get("preconditions") or {}
    return Deletion(
        grace=None if grace is None else int(grace),
        orphan=policy == "Orphan" or bool(options.get("orphanDependents")),
        dry_run="All" in (options.get("dryRun") or [query.get("dryRun")]),
        uid=preconditions.get("uid") or "",
        version=preconditions.get("resourceVersion") or "",
    )
