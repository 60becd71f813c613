"""Images for a rehearsal: real and valid, a few hundred bytes each, the same bytes for the same name everywhere.

An image has one gzip layer with one text file and a config that states its architecture, so a registry, skopeo or a
container runtime treats it like any other, and "right tag, wrong architecture" can be provoked and found.

``manifest`` is the OCI form, ``docker_manifest`` the docker schema 2 form of the same image. A registry on the internet
may hold either; kk's artifact always holds the OCI form, because the ``oci:`` layout it exports to knows no other and
the copy converts. Recorded: a list pushed by kk names its members ``application/vnd.oci.image.manifest.v1+json``.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from fleetforge.fleet.oci import (
    DOCKER_CONFIG,
    DOCKER_LAYER,
    DOCKER_MANIFEST,
    OCI_CONFIG,
    OCI_LAYER,
    OCI_MANIFEST,
    digest_of,
)

CREATED = "2024-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True)
class TinyImage:
    """One image for one architecture. All fields are the exact bytes that are stored and hashed."""

    reference: str
    arch: str
    config: bytes
    layers: tuple[bytes, ...]
    manifest: bytes
    docker_manifest: bytes

    @property
    def digest(self) -> str:
        """Digest of the OCI manifest."""
        return digest_of(self.manifest)

    @property
    def digests(self) -> tuple[str, ...]:
        """Digests of all blobs of the OCI form: manifest, config, layers."""
        return tuple(digest_of(content) for content in (self.manifest, self.config, *self.layers))

    @property
    def blobs(self) -> dict[str, bytes]:
        """``{digest: content}`` of the config and the layers, without the manifest."""
        return {digest_of(content): content for content in (self.config, *self.layers)}


@lru_cache(maxsize=512)
def tiny_image(reference: str, arch: str) -> TinyImage:
    """The image for ``reference`` (``host/ns/name:tag``) and ``arch`` (``arm64``, ``arm/v7``)."""
    tar = _tar("image.txt", f"{reference} for linux/{arch}\n".encode())
    layer = gzip.compress(tar, mtime=0)
    config = _json(_config(arch, digest_of(tar)))
    return TinyImage(
        reference=reference,
        arch=arch,
        config=config,
        layers=(layer,),
        manifest=_json(_manifest(OCI_MANIFEST, OCI_CONFIG, OCI_LAYER, config, layer)),
        docker_manifest=_json(_manifest(DOCKER_MANIFEST, DOCKER_CONFIG, DOCKER_LAYER, config, layer)),
    )


def _config(arch: str, diff_id: str) -> dict[str, Any]:
    architecture, _, variant = arch.partition("/")
    return {
        "created": CREATED,
        "architecture": architecture,
        **({"variant": variant} if variant else {}),
        "os": "linux",
        "config": {"Cmd": ["/image.txt"]},
        "rootfs": {"type": "layers", "diff_ids": [diff_id]},
        "history": [{"created": CREATED, "created_by": "rehearsal"}],
    }


def _manifest(kind: str, config_kind: str, layer_kind: str, config: bytes, layer: bytes) -> dict[str, Any]:
    return {
        "schemaVersion": 2,
        "mediaType": kind,
        "config": {"mediaType": config_kind, "digest": digest_of(config), "size": len(config)},
        "layers": [{"mediaType": layer_kind, "digest": digest_of(layer), "size": len(layer)}],
    }


def _tar(name: str, content: bytes) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def tiny_file(label: str) -> bytes:
    """The content of a stand-in binary or package: one line, different for every ``label``."""
    return f"#!/bin/sh\n# rehearsal {label} {hashlib.sha256(label.encode()).hexdigest()[:16]}\n".encode()
