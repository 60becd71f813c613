"""What an artifact's image layout or a registry holds, read from the JSON documents they answer with.

Documents are parsed JSON (``dict``); nothing here opens a file or a connection. kk names each image of an artifact
``<host/namespace/name:tag>-<arch>[-<variant>]`` in the annotation ``org.opencontainers.image.ref.name`` and pushes it
under a tag of the same form, then a manifest list under the plain tag.

A document that is not what it should be raises ``ValueError`` with a sentence that names the entry; the caller knows
the file or URL it came from and wraps it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"

LISTS = frozenset({DOCKER_LIST, OCI_INDEX})
MANIFESTS = frozenset({DOCKER_MANIFEST, OCI_MANIFEST})

ACCEPT = ", ".join([DOCKER_LIST, OCI_INDEX, DOCKER_MANIFEST, OCI_MANIFEST])
"""The ``Accept`` header that makes a registry answer with what it stores instead of a translation."""

REF_NAME = "org.opencontainers.image.ref.name"

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_ARCHES = frozenset({"386", "amd64", "arm", "arm64", "loong64", "mips64le", "ppc64le", "riscv64", "s390x"})
_OTHER_SPELLINGS = {"x86_64": "amd64", "aarch64": "arm64", "arm64/v8": "arm64"}


@dataclass(frozen=True, slots=True)
class LayoutEntry:
    """One image for one architecture in an artifact. ``size`` is the manifest's, in bytes."""

    image: str
    arch: str
    digest: str
    size: int


def digest_of(content: bytes) -> str:
    """The content's address: ``sha256:<64 hex>``."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def is_digest(text: str) -> bool:
    """Whether ``text`` is a sha256 digest, the only algorithm kk, Harbor and containerd use here."""
    return _DIGEST.fullmatch(text) is not None


def normal_arch(arch: str) -> str:
    """One spelling per architecture: ``aarch64`` and ``arm64/v8`` are ``arm64``, ``x86_64`` is ``amd64``."""
    return _OTHER_SPELLINGS.get(arch, arch)


def split_ref_name(ref_name: str) -> tuple[str, str]:
    """``host/ns/name:tag-arm64`` → ``("host/ns/name:tag", "arm64")``; ``…-arm-v7`` → ``"arm/v7"``.

    ``ValueError`` when the name has no tag or its tag does not end in a known architecture.
    """
    repository, separator, tag = ref_name.rpartition(":")
    parts = tag.split("-")
    if separator and "/" not in tag:
        if len(parts) > 1 and parts[-1] in _ARCHES:
            return f"{repository}:{'-'.join(parts[:-1])}", parts[-1]
        if len(parts) > 2 and parts[-2] in _ARCHES:
            return f"{repository}:{'-'.join(parts[:-2])}", normal_arch(f"{parts[-2]}/{parts[-1]}")
    raise ValueError(f"image name {ref_name!r} does not end in a known architecture")


def joined_ref_name(image: str, arch: str) -> str:
    """The name kk gives ``image`` for ``arch`` in an artifact and, after the last ``:``, in a registry."""
    return f"{image}-{arch.replace('/', '-')}"


def entries_of(index: Mapping[str, Any]) -> tuple[LayoutEntry, ...]:
    """The images of an artifact's ``images/index.json``, in the file's order."""
    manifests = index.get("manifests")
    if not isinstance(manifests, list):
        raise ValueError("the image index has no list 'manifests'")
    return tuple(_entry(number, found) for number, found in enumerate(manifests))


def present_images(entries: Iterable[LayoutEntry]) -> frozenset[tuple[str, str]]:
    """``{(image, arch)}`` of the entries, ready for ``missing_images``."""
    return frozenset((entry.image, entry.arch) for entry in entries)


def missing_images(
    wanted: Iterable[str], arches: Iterable[str], present: Iterable[tuple[str, str]]
) -> tuple[tuple[str, str], ...]:
    """Each ``(image, arch)`` of ``wanted`` × ``arches`` that is not ``present``, once, in the order wanted."""
    there = {(image, normal_arch(arch)) for image, arch in present}
    asked = [normal_arch(arch) for arch in arches]
    pairs = ((image, arch) for image in wanted for arch in asked)
    return tuple(dict.fromkeys(pair for pair in pairs if pair not in there))


def platform_digests(document: Mapping[str, Any]) -> dict[str, str]:
    """``{arch: digest}`` of a docker manifest list or OCI index. Members that are no image (attestations) are left out.

    ``ValueError`` when the document is a single image: its architecture stands in its config, not here.
    """
    if not is_list(document):
        raise ValueError("the document is a single image, not a manifest list")
    found: dict[str, str] = {}
    for member in document["manifests"]:
        platform = member.get("platform") or {}
        if platform.get("os") == "linux" and platform.get("architecture"):
            arch = "/".join(filter(None, [platform["architecture"], platform.get("variant")]))
            found.setdefault(normal_arch(arch), member["digest"])
    return found


def is_list(document: Mapping[str, Any]) -> bool:
    """Whether the document is a manifest list or index. An OCI document may leave its ``mediaType`` out."""
    return document.get("mediaType") in LISTS or isinstance(document.get("manifests"), list)


def blobs_of(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """The digests a single image needs: its config, then its layers; foreign layers (``urls``) are left out."""
    layers = [layer["digest"] for layer in manifest.get("layers", []) if not layer.get("urls")]
    return (manifest["config"]["digest"], *layers)


def _entry(number: int, found: Any) -> LayoutEntry:
    name = (found.get("annotations") or {}).get(REF_NAME) if isinstance(found, dict) else None
    if not name or not is_digest(str(found.get("digest", ""))):
        raise ValueError(f"entry {number} of the image index has no name or no digest")
    image, arch = split_ref_name(name)
    return LayoutEntry(image=image, arch=arch, digest=found["digest"], size=int(found.get("size", 0)))
