"""A registry's image API (OCI distribution), read only: kk pushes, this proves what is there.

An architecture is believed when the image's config says so, never because of a tag or a list's platform field.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import requests

from fleetforge.blocks.http import NO_AUTH, Http, evidence_of, next_page, parsed, shown
from fleetforge.blocks.registry_login import Challenge, Login
from fleetforge.fleet.errors.catalogue import fault
from fleetforge.fleet.image_reference import ImageReference
from fleetforge.fleet.oci import ACCEPT, digest_of, is_digest, is_list, normal_arch, platform_digests

PARALLEL = 8
"""Images looked up at the same time."""

BLOB_LIMIT = 4 * 1024 * 1024
"""Bytes of the largest blob that is read; configs are a few KiB."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest or list as stored: ``body`` are the bytes ``digest`` is of."""

    digest: str
    media_type: str
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        held = json.loads(self.body)
        return held if isinstance(held, dict) else {}


class Registry:
    """A registry by ``http`` (area REG, without credentials: they are given here and sent when asked for)."""

    def __init__(self, http: Http, username: str | None = None, password: str | None = None) -> None:
        self.http = http
        credentials = (username, password or "") if username else None
        self._login = Login(http, credentials)

    def ping(self) -> None:
        """Returns when a registry answers, with or without asking for a login; raises what is wrong otherwise."""
        response = self.http.request("GET", "/v2/", auth=NO_AUTH, accept=(401,))
        if response.status_code == 401 and "WWW-Authenticate" not in response.headers:
            raise fault("FF-REG-006", "it has no image API", where=shown(response.url), evidence=evidence_of(response))

    def check_login(self) -> None:
        """``FF-REG-401`` when user or password are wrong."""
        self._get("/v2/", scope="")

    def manifest(self, repository: str, reference: str) -> Manifest | None:
        """The manifest or list behind a tag or digest, verified against its digest; None when there is none."""
        path = f"/v2/{repository}/manifests/{reference}"
        response = self._get(path, _pull(repository), accept=(404,), headers={"Accept": ACCEPT})
        if response.status_code == 404:
            return None
        digest = digest_of(response.content)
        promised = reference if is_digest(reference) else response.headers.get("Docker-Content-Digest", digest)
        self._check_digest(promised, digest, response)
        if not isinstance(parsed(response), dict):
            raise fault("FF-REG-006", "the manifest is no JSON object", where=shown(response.url))
        media_type = response.headers.get("Content-Type", "").partition(";")[0]
        return Manifest(digest, media_type, response.content)

    def digest(self, repository: str, reference: str) -> str | None:
        """The digest behind a tag by HEAD alone, or None; not verified against the body."""
        path = f"/v2/{repository}/manifests/{reference}"
        response = self._get(path, _pull(repository), accept=(404,), headers={"Accept": ACCEPT}, method="HEAD")
        return response.headers.get("Docker-Content-Digest") if response.status_code != 404 else None

    def blob(self, repository: str, digest: str) -> bytes | None:
        """A small blob (an image's config), verified; None when the registry does not hold it."""
        response = self._get(f"/v2/{repository}/blobs/{digest}", _pull(repository), accept=(404,))
        if response.status_code == 404:
            return None
        if len(response.content) > BLOB_LIMIT:
            raise fault("FF-REG-006", "the blob is far too large for a config", where=shown(response.url))
        self._check_digest(digest, digest_of(response.content), response)
        return response.content

    def architectures(self, repository: str, reference: str) -> dict[str, str]:
        """``{architecture: manifest digest}`` of what can be pulled under a tag; empty when there is nothing.

        A list's member counts when its manifest and config are there and the config names the architecture.
        """
        found = self.manifest(repository, reference)
        if found is None:
            return {}
        if not is_list(found.document):
            return self._single(repository, found)
        seen: dict[str, str] = {}
        for platform, digest in platform_digests(found.document).items():
            member = self.manifest(repository, digest)
            if member is not None and platform in (told := self._single(repository, member)):
                seen |= told
        return seen

    def missing(self, wanted: Iterable[tuple[ImageReference, str]]) -> tuple[tuple[str, str], ...]:
        """Each wanted ``(repository:tag, architecture)`` the registry cannot prove, in the order asked.

        Images are looked up 8 at a time, each once however many architectures are wanted of it.
        """
        asked = [(image.repository, image.tag, normal_arch(arch)) for image, arch in wanted]
        images = list(dict.fromkeys((repository, tag) for repository, tag, _ in asked))
        with ThreadPoolExecutor(PARALLEL, thread_name_prefix="registry") as pool:
            proved = dict(zip(images, pool.map(lambda image: self.architectures(*image), images), strict=True))
        absent = ((f"{repo}:{tag}", arch) for repo, tag, arch in asked if arch not in proved[(repo, tag)])
        return tuple(dict.fromkeys(absent))

    def tags(self, repository: str) -> Iterator[str]:
        """Every tag, page by page; nothing when the repository does not exist."""
        path: str | None = f"/v2/{repository}/tags/list?n=1000"
        while path:
            response = self._get(path, _pull(repository), accept=(404,))
            if response.status_code == 404:
                return
            held = parsed(response)
            yield from (held.get("tags") or []) if isinstance(held, dict) else []
            path = next_page(response)

    def _single(self, repository: str, manifest: Manifest) -> dict[str, str]:
        digest = (manifest.document.get("config") or {}).get("digest", "")
        content = self.blob(repository, digest) if is_digest(str(digest)) else None
        if content is None:
            return {}
        try:
            config = json.loads(content)
            arch = "/".join(filter(None, [config["architecture"], config.get("variant")]))
        except (ValueError, KeyError, TypeError):
            return {}
        return {normal_arch(arch): manifest.digest}

    def _get(
        self,
        path: str,
        scope: str,
        accept: tuple[int, ...] = (),
        headers: dict[str, str] | None = None,
        method: str = "GET",
    ) -> requests.Response:
        """One request; on 401 the login it asks for, then once more."""
        auth = self._login.current(scope)
        response = self.http.request(method, path, headers=headers, accept=(*accept, 401), auth=auth)
        if response.status_code != 401:
            return response
        if auth is not NO_AUTH:
            self._login.forget(scope)
        challenge = Challenge.parse(response.headers.get("WWW-Authenticate", ""))
        again = self._login.answered(challenge, scope)
        if again is NO_AUTH:
            raise self.http.refused(response)
        return self.http.request(method, path, headers=headers, accept=accept, auth=again)

    def _check_digest(self, promised: str, found: str, response: requests.Response) -> None:
        if promised != found:
            evidence = [f"promised {promised}", f"found    {found}"]
            raise fault("FF-REG-020", "the content has another digest", where=shown(response.url), evidence=evidence)


def _pull(repository: str) -> str:
    return f"repository:{repository}:pull"
