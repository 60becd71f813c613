"""The manifest half of the distribution API: manifests by tag and digest, tag lists, the catalogue.

``harbor=True`` gives Harbor's differences: its own not-found texts, no delete by tag, and a list asked for by tag is
never replaced by its amd64 member. Not done: schema 1, referrers, media types other than images and lists.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from aiohttp import web
from yarl import URL

from fleetforge.fleet.oci import (
    DOCKER_LIST,
    LISTS,
    MANIFESTS,
    OCI_INDEX,
    OCI_MANIFEST,
    blobs_of,
    digest_of,
    is_digest,
    platform_digests,
)
from fleetforge.rehearsal.registry.failures import Refusal, blobs_missing, harbor_refusal, registry_refusal
from fleetforge.rehearsal.registry.store import Store, StoredManifest

_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_LIMIT = 4 * 1024 * 1024
"""Bytes of a manifest; distribution refuses larger ones."""


class Manifests:
    """Handlers for ``/v2/<name>/manifests/…``, ``/v2/<name>/tags/list`` and ``/v2/_catalog``."""

    def __init__(self, store: Store, *, harbor: bool) -> None:
        self._store = store
        self._harbor = harbor

    def routes(self) -> Iterable[web.RouteDef]:
        manifest = "/v2/{name:.+}/manifests/{reference}"
        yield web.get("/v2/_catalog", self.catalogue)
        yield web.get("/v2/{name:.+}/tags/list", self.tags)
        yield web.get(manifest, self.got)
        yield web.put(manifest, self.put)
        yield web.delete(manifest, self.deleted)

    async def got(self, request: web.Request) -> web.Response:
        """GET and HEAD, by tag or digest; 404 when the client does not accept the stored OCI type."""
        name, reference = request.match_info["name"], request.match_info["reference"]
        found = self._found(name, reference)
        accepted = _accepted(request)
        if found.media_type in (OCI_MANIFEST, OCI_INDEX) and found.media_type not in accepted:
            kind = ("index", "indexes") if found.media_type == OCI_INDEX else ("manifest", "manifests")
            text = f"OCI {kind[0]} found, but accept header does not support OCI {kind[1]}"
            raise registry_refusal("MANIFEST_UNKNOWN", message=text)
        if found.media_type == DOCKER_LIST and found.media_type not in accepted and not self._harbor:
            found = self._default_member(name, reference, found)
        etag = f'"{found.digest}"'
        if request.headers.get("If-None-Match", "") in (found.digest, etag):
            return web.Response(status=304)
        headers = {"Content-Type": found.media_type, "Docker-Content-Digest": found.digest, "Etag": etag}
        return web.Response(body=found.content, headers=headers)

    async def put(self, request: web.Request) -> web.Response:
        """PUT: everything the manifest names must be in this repository already."""
        name, reference = request.match_info["name"], request.match_info["reference"]
        content = await request.content.read(_LIMIT + 1)
        while len(content) <= _LIMIT and (more := await request.content.read(_LIMIT)):
            content += more
        media_type, document = _parsed(request.headers.get("Content-Type", ""), content)
        if not is_digest(reference) and not _TAG.fullmatch(reference):
            raise registry_refusal("TAG_INVALID")
        missing = self._missing(name, media_type, document)
        if missing:
            raise blobs_missing(missing)
        if is_digest(reference) and reference != digest_of(content):
            raise registry_refusal("DIGEST_INVALID")
        digest = self._store.put_manifest(name, reference, media_type, content)
        location = f"/v2/{name}/manifests/{digest}"
        if not self._harbor:
            location = f"{request.scheme}://{request.host}{location}"
        return web.Response(status=201, headers={"Location": location, "Docker-Content-Digest": digest})

    async def deleted(self, request: web.Request) -> web.Response:
        """DELETE by digest: 202. A tag is not a digest: Harbor says UNSUPPORTED, a registry DIGEST_INVALID."""
        name, reference = request.match_info["name"], request.match_info["reference"]
        if not is_digest(reference):
            if self._harbor:
                text = f"unsupported digest {reference}: invalid checksum digest format"
                raise harbor_refusal(400, text, "UNSUPPORTED")
            raise registry_refusal("DIGEST_INVALID")
        if not self._store.deleted_manifest(name, reference):
            raise self._not_found(name, reference)
        return web.Response(status=202)

    async def tags(self, request: web.Request) -> web.Response:
        """GET ``?n=&last=``: sorted tags, ``Link`` to the next page."""
        name = request.match_info["name"]
        if not self._store.known(name):
            if self._harbor:
                raise harbor_refusal(404, f"repository {name} not found")
            raise registry_refusal("NAME_UNKNOWN", {"name": name})
        return _page(request, {"name": name}, "tags", self._store.tags(name))

    async def catalogue(self, request: web.Request) -> web.Response:
        """GET ``?n=&last=``: sorted repositories, ``Link`` to the next page."""
        return _page(request, {}, "repositories", self._store.repositories())

    def _found(self, name: str, reference: str) -> StoredManifest:
        found = self._store.manifest(name, reference)
        if found is None:
            raise self._not_found(name, reference)
        return found

    def _not_found(self, name: str, reference: str) -> Refusal:
        if self._harbor:
            if not self._store.known(name):
                return harbor_refusal(404, f"repository {name} not found")
            joint = "@" if is_digest(reference) else ":"
            return harbor_refusal(404, f"artifact {name}{joint}{reference} not found")
        if is_digest(reference):
            return registry_refusal("MANIFEST_UNKNOWN", {"Name": name, "Revision": reference})
        return registry_refusal("MANIFEST_UNKNOWN", {"Tag": reference})

    def _default_member(self, name: str, reference: str, found: StoredManifest) -> StoredManifest:
        if is_digest(reference):
            return found
        member = platform_digests(json.loads(found.content)).get("amd64")
        if member is None:
            raise registry_refusal("MANIFEST_UNKNOWN")
        return self._found(name, member)

    def _missing(self, name: str, media_type: str, document: dict[str, Any]) -> list[str]:
        if media_type in LISTS:
            members = [member["digest"] for member in document["manifests"]]
            return [digest for digest in members if self._store.manifest(name, digest) is None]
        return [digest for digest in blobs_of(document) if self._store.blob(name, digest) is None]


def _accepted(request: web.Request) -> set[str]:
    values = ",".join(request.headers.getall("Accept", []))
    return {value.partition(";")[0].strip() for value in values.split(",")}


def _parsed(media_type: str, content: bytes) -> tuple[str, dict[str, Any]]:
    """The manifest's media type and JSON; MANIFEST_INVALID when it is no image or list, or contradicts itself."""
    try:
        document = json.loads(content)
        kind = media_type or document.get("mediaType", "")
        wanted = "manifests" if kind in LISTS else "layers"
        well_formed = kind in LISTS | MANIFESTS and document.get("mediaType", kind) == kind
        if len(content) > _LIMIT or not well_formed or document["schemaVersion"] != 2:
            raise ValueError(kind)
        digests = [part["digest"] for part in document[wanted]]
        if kind in MANIFESTS:
            digests.append(document["config"]["digest"])
        if not all(is_digest(digest) for digest in digests):
            raise ValueError(digests)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise registry_refusal("MANIFEST_INVALID", {}) from error
    return kind, document


def _page(request: web.Request, body: dict[str, Any], key: str, names: list[str]) -> web.Response:
    asked, last = request.query.get("n", ""), request.query.get("last", "")
    if asked and not asked.isdecimal():
        raise registry_refusal("PAGINATION_NUMBER_INVALID", {"n": asked})
    later = [name for name in names if name > last]
    shown = later[: int(asked)] if asked else later
    headers = {}
    if shown and len(shown) < len(later):
        following = URL(request.path).with_query(n=asked, last=shown[-1])
        headers["Link"] = f'<{following}>; rel="next"'
    return web.json_response({**body, key: shown}, headers=headers)
