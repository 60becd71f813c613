"""Harbor's v2.0 API for what a project holds: repositories and artifacts with tags, platforms and sizes.

A repository's name in a path is the part after the project, with its slashes encoded twice (``a%252Fb``). Only reading
is here: no copying, no labels, no scans, no deletion; pull counts stay 0.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from fleetforge.fleet.oci import is_digest
from fleetforge.rehearsal.registry.failures import harbor_refusal
from fleetforge.rehearsal.registry.harbor_projects import HarborProjects
from fleetforge.rehearsal.registry.paging import paged
from fleetforge.rehearsal.registry.store import Store, StoredManifest


class HarborRepositories:
    """Handlers for ``/api/v2.0/projects/<project>/repositories/…``."""

    def __init__(self, projects: HarborProjects, store: Store) -> None:
        self._projects = projects
        self._store = store

    def routes(self) -> Iterable[web.RouteDef]:
        repositories = "/api/v2.0/projects/{project}/repositories"
        artifacts = repositories + "/{repository}/artifacts"
        yield web.get(repositories, self.listed)
        yield web.get(artifacts, self.artifacts)
        yield web.get(artifacts + "/{reference}", self.artifact)

    async def listed(self, request: web.Request) -> web.Response:
        project = self._projects.visible(request)
        names = [name for name in self._store.repositories() if name.startswith(f"{project.name}/")]
        return paged(request, [self._repository(name, project.id) for name in names])

    async def artifacts(self, request: web.Request) -> web.Response:
        """Untagged members of a list are left out, as Harbor does; a repository nobody pushed to is an empty page."""
        name = self._name(request)
        manifests = self._store.manifests(name)
        members = {child["child_digest"] for manifest in manifests for child in _references(manifest) or []}
        shown = [m for m in manifests if m.digest not in members or self._tags(name, m.digest)]
        project = self._projects.visible(request)
        return paged(request, [self._artifact(name, manifest, project.id) for manifest in shown])

    async def artifact(self, request: web.Request) -> web.Response:
        name, reference = self._name(request), request.match_info["reference"]
        found = self._store.manifest(name, reference)
        if found is None:
            joint = "@" if is_digest(reference) else ":"
            raise harbor_refusal(404, f"artifact {name}{joint}{reference} not found")
        return web.json_response(self._artifact(name, found, self._projects.visible(request).id))

    def _name(self, request: web.Request) -> str:
        project = self._projects.visible(request)
        return f"{project.name}/{unquote(request.match_info['repository'])}"

    def _repository(self, name: str, project_id: int) -> dict[str, Any]:
        manifests = self._store.manifests(name)
        times = [manifest.pushed for manifest in manifests]
        return {
            "id": _identity(name),
            "project_id": project_id,
            "name": name,
            "artifact_count": len(manifests),
            "pull_count": 0,
            "creation_time": _time(min(times)),
            "update_time": _time(max(times)),
        }

    def _artifact(self, name: str, manifest: StoredManifest, project_id: int) -> dict[str, Any]:
        config = self._config(name, manifest)
        image = json.loads(manifest.content).get("config", {})
        return {
            "id": _identity(manifest.digest),
            "type": "IMAGE",
            "project_id": project_id,
            "repository_id": _identity(name),
            "digest": manifest.digest,
            "media_type": image.get("mediaType", manifest.media_type),
            "manifest_media_type": manifest.media_type,
            "size": self._size(name, manifest),
            "push_time": _time(manifest.pushed),
            "extra_attrs": {key: config[key] for key in ("architecture", "os", "created") if key in config},
            "references": _references(manifest),
            "tags": self._tags(name, manifest.digest),
        }

    def _tags(self, name: str, digest: str) -> list[dict[str, Any]] | None:
        found = []
        for tag in self._store.tags(name):
            manifest = self._store.manifest(name, tag)
            if manifest and manifest.digest == digest:
                times = {"push_time": _time(manifest.pushed), "pull_time": "0001-01-01T00:00:00.000Z"}
                ids = {"id": _identity(f"{name}:{tag}"), "repository_id": _identity(name)}
                found.append({**ids, "artifact_id": _identity(digest), "name": tag, **times, "immutable": False})
        return found or None

    def _size(self, name: str, manifest: StoredManifest) -> int:
        """A list weighs itself and its members; an image its manifest, config and layers."""
        document = json.loads(manifest.content)
        if "manifests" in document:
            members = [self._store.manifest(name, member["digest"]) for member in document["manifests"]]
            return len(manifest.content) + sum(self._size(name, member) for member in members if member)
        parts = [document["config"], *document["layers"]]
        return len(manifest.content) + sum(int(part.get("size", 0)) for part in parts)

    def _config(self, name: str, manifest: StoredManifest) -> dict[str, Any]:
        digest = json.loads(manifest.content).get("config", {}).get("digest", "")
        path = self._store.blob(name, digest) if digest else None
        config: dict[str, Any] = json.loads(path.read_bytes()) if path else {}
        return config


def _references(manifest: StoredManifest) -> list[dict[str, Any]] | None:
    members = json.loads(manifest.content).get("manifests")
    if members is None:
        return None
    return [
        {
            "parent_id": _identity(manifest.digest),
            "child_id": _identity(member["digest"]),
            "child_digest": member["digest"],
            "platform": {"OsFeatures": None, **(member.get("platform") or {})},
            "urls": None,
        }
        for member in members
    ]


def _identity(text: str) -> int:
    """A number that stays the same for the same thing; Harbor counts rows of its database here."""
    return sum(position * byte for position, byte in enumerate(text.encode(), 1))


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
