"""kk's Manifest file: what the artifact is built from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from fleetforge.fleet.findings import Finding
from fleetforge.fleet.image_reference import ImageReference
from fleetforge.fleet.kk_cluster import KkValue
from fleetforge.fleet.kk_documents import document_of_kind
from fleetforge.fleet.kk_schema import MANIFEST
from fleetforge.fleet.shapes import read


class Manifest(KkValue):
    """The manifest. ``components`` maps kk's name of a component (docker and containerd among them) to its version."""

    name: str = ""
    arches: tuple[str, ...] = ()
    kubernetes_versions: tuple[str, ...] = ()
    images: tuple[str, ...] = Field((), description="host/namespace/name:tag, in the manifest's order.")
    components: dict[str, str] = Field(default_factory=dict)
    raw: dict[str, Any] = Field(default_factory=dict, description="The document, as written.")

    @property
    def references(self) -> tuple[ImageReference, ...]:
        """The images, taken apart. They were proved readable when the manifest was read."""
        return tuple(ImageReference.parse(image) for image in self.images)


def read_manifest(documents: Sequence[dict[str, Any]], file: str) -> tuple[Manifest | None, tuple[Finding, ...]]:
    """The manifest in a file's documents, or None where the findings hold an error that leaves nothing to read."""
    raw, found = document_of_kind("Manifest", documents, file)
    if raw is None:
        return None, found
    view, told = read(MANIFEST, raw, file)
    spec = view.get("spec", {})
    found += told + _image_findings(spec, file) + _arch_findings(spec, file)
    if any(not finding.is_warning for finding in found):
        return None, found
    manifest = Manifest(
        name=view.get("metadata", {}).get("name", ""),
        arches=tuple(spec.get("arches", ())),
        kubernetes_versions=tuple(item.get("version", "") for item in spec.get("kubernetesDistributions", ())),
        images=tuple(dict.fromkeys(spec.get("images", ()))),
        components=_components(spec.get("components", {})),
        raw=raw,
    )
    return manifest, found


def _image_findings(spec: dict[str, Any], file: str) -> tuple[Finding, ...]:
    found = []
    for index, image in enumerate(spec.get("images", ())):
        try:
            ImageReference.parse(image or "")
        except ValueError as error:
            found.append(Finding("FF-SPEC-014", f"the image {error}", file, ("spec", "images", index)))
    return tuple(found)


def _arch_findings(spec: dict[str, Any], file: str) -> tuple[Finding, ...]:
    bad = [(index, arch) for index, arch in enumerate(spec.get("arches", ())) if arch not in ("amd64", "arm64")]
    what = 'expected amd64 or arm64, found text "{}"'
    return tuple(Finding("FF-SPEC-003", what.format(arch), file, ("spec", "arches", index)) for index, arch in bad)


def _components(block: dict[str, Any]) -> dict[str, str]:
    held = {name: item.get("version", "") for name, item in block.items() if name != "containerRuntimes"}
    runtimes = {item.get("type", ""): item.get("version", "") for item in block.get("containerRuntimes", ())}
    return held | runtimes
