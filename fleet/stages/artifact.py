"""Is the artifact there, whole, and does it hold what the manifest asks for?"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from fleetforge.fleet.actions import Action, Stage, Verb
from fleetforge.fleet.definition import Fleet
from fleetforge.fleet.errors import FleetforgeError
from fleetforge.fleet.errors.catalogue import fault
from fleetforge.fleet.kk_manifest import Manifest
from fleetforge.fleet.oci import missing_images


@dataclass(frozen=True, slots=True)
class Inventory:
    """What was read out of an artifact once; kept beside it as JSON and believed while size and mtime agree."""

    manifest_digest: str  # of the manifest it was built from, "" when carried in
    sha256: str
    size: int  # bytes
    modified: int  # seconds since the epoch
    images: tuple[tuple[str, str], ...]  # (image, architecture as its config says)

    def to_json(self) -> str:
        return json.dumps({field: getattr(self, field) for field in self.__slots__}, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Inventory | None:
        """The inventory in ``text``; None when it is not one, so that it is taken again."""
        try:
            held = json.loads(text)
            images = tuple((str(image), str(arch)) for image, arch in held["images"])
            return cls(
                str(held["manifest_digest"]), str(held["sha256"]), int(held["size"]), int(held["modified"]), images
            )
        except (ValueError, KeyError, TypeError):
            return None


@dataclass(frozen=True, slots=True)
class ArtifactFacts:
    """The artifact file on the control machine (``size`` None: absent) and the inventory kept beside it."""

    size: int | None
    modified: int
    inventory: Inventory | None

    @property
    def known(self) -> bool:
        """True when the kept inventory speaks of this very file."""
        held = self.inventory
        return held is not None and (held.size, held.modified) == (self.size, self.modified)


def manifest_digest(manifest: Manifest) -> str:
    """A digest of what the manifest says, whatever its layout and comments."""
    return hashlib.sha256(json.dumps(manifest.raw, sort_keys=True, default=str).encode()).hexdigest()


def decide(fleet: Fleet, facts: ArtifactFacts) -> tuple[Action, ...]:
    """Export when there is none or the manifest changed; read it when it is not the one that was read before."""
    artifact = fleet.spec.spec.artifact
    if facts.size is None:
        if artifact.carried:
            raise fault("FF-ART-001", "the carried artifact is not there", where=artifact.path)
        return _export(artifact.path, "there is none"), _inventory(artifact.path, "it is new")
    if not facts.known:
        return (_inventory(artifact.path, "the file is not the one that was read before"),)
    assert facts.inventory is not None
    if not artifact.carried and facts.inventory.manifest_digest not in ("", manifest_digest(fleet.manifest)):
        return _export(artifact.path, "the manifest changed"), _inventory(artifact.path, "it is new")
    return ()


def errors(fleet: Fleet, facts: ArtifactFacts) -> tuple[FleetforgeError, ...]:
    """What is wrong with a known artifact: another file than promised, images missing for an architecture."""
    artifact, held = fleet.spec.spec.artifact, facts.inventory
    if held is None or not facts.known:
        return ()
    found = []
    if artifact.sha256 and artifact.sha256 != held.sha256:
        evidence = [f"expected sha256:{artifact.sha256}", f"found    sha256:{held.sha256}"]
        found.append(
            fault("FF-ART-002", "the artifact is not the promised one", where=artifact.path, evidence=evidence)
        )
    missing = missing_images(fleet.manifest.images, fleet.manifest.arches, set(held.images))
    if missing:
        evidence = [f"{image} for {arch}" for image, arch in missing]
        what = f"{len(missing)} images of the manifest are not in it"
        found.append(fault("FF-ART-003", what, where=artifact.path, evidence=evidence))
    return tuple(found)


def _export(path: str, why: str) -> Action:
    return Action(Stage.ARTIFACT, Verb.EXPORT_ARTIFACT, path, why)


def _inventory(path: str, why: str) -> Action:
    return Action(Stage.ARTIFACT, Verb.TAKE_INVENTORY, path, why)
