"""The fleets a Prefect server knows: the Fleet block, its secrets, its revisions.

``Fleet`` (what the UI's picker shows) holds files with references instead of secrets, so it may be read and shown
freely; ``Fleet secrets`` holds the values in encrypted fields; ``Fleet revision`` keeps every saved state of the files.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, TypeVar, cast

import httpx
from prefect.blocks.core import Block
from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_API_URL
from prefect.types import SecretDict
from pydantic import Field

from fleetforge.blocks.definition_files import fleet_from_files
from fleetforge.fleet.definition import Fleet
from fleetforge.fleet.errors import FleetforgeError
from fleetforge.fleet.errors.catalogue import fault

_B = TypeVar("_B", bound=Block)


class FleetBlock(Block):
    """One fleet: fleet.yaml and kk's files, as applied. Change it with 'fleetforge apply', not here."""

    _block_type_name: ClassVar[str] = "Fleet"
    _block_type_slug: ClassVar[str] = "fleetforge-fleet"
    _description: ClassVar[str] = (
        "A fleet of KubeSphere clusters: fleet.yaml and kk's own files, secrets as references."
    )

    files: dict[str, str] = Field(description="File name to text; secrets are ${secret:…} references.")
    revision: int = Field(1, description="Counts up with every saved change.")
    saved: str = Field("", description="When it was saved (UTC, ISO 8601).")
    comment: str = Field("", description="Why it was saved.")


class FleetSecrets(Block):
    """The secret values a fleet's references stand for; encrypted by Prefect."""

    _block_type_name: ClassVar[str] = "Fleet secrets"
    _block_type_slug: ClassVar[str] = "fleetforge-fleet-secrets"
    _description: ClassVar[str] = "Passwords and keys of one fleet, found in its files when it was applied."

    values: SecretDict = Field(default_factory=lambda: SecretDict({}), description="Reference key to secret value.")


class FleetRevision(FleetBlock):
    """One saved state of a fleet's files."""

    _block_type_name: ClassVar[str] = "Fleet revision"
    _block_type_slug: ClassVar[str] = "fleetforge-fleet-revision"
    _description: ClassVar[str] = "A former state of a fleet; 'fleetforge restore' brings it back."


@dataclass(frozen=True, slots=True)
class StoredFleet:
    """A fleet as stored, with the secrets its references stand for (never to be logged or serialised)."""

    fleet: Fleet
    secrets: Mapping[str, str]
    revision: int
    saved: str
    comment: str


@dataclass(frozen=True, slots=True)
class Revision:
    number: int
    saved: str
    comment: str
    digest: str


def digest_of(files: Mapping[str, str]) -> str:
    """12 hex digits over names and texts."""
    return hashlib.sha256(json.dumps(dict(files), sort_keys=True).encode()).hexdigest()[:12]


def stored(name: str) -> StoredFleet:
    """The fleet called ``name``; ``FF-FLT-001`` with the known names when there is none."""
    block = _load(FleetBlock, name)
    if block is None:
        known = ", ".join(names()) or "none"
        raise fault(
            "FF-FLT-001", f"no fleet called {name!r} is stored", where="Prefect server", evidence=[f"known: {known}"]
        )
    return StoredFleet(fleet_from_files(block.files), _secrets(name), block.revision, block.saved, block.comment)


def files_of(name: str) -> dict[str, str]:
    """The stored files of a fleet, or {} when it is not stored: what ``apply`` shows its difference against."""
    block = _load(FleetBlock, name)
    return dict(block.files) if block else {}


def saved(fleet: Fleet, secrets: Mapping[str, str], comment: str = "") -> tuple[int, bool]:
    """Store ``fleet`` as a new revision; ``(revision, changed)``, where an unchanged fleet keeps its revision."""
    name, files = fleet.spec.name, dict(fleet.files)
    block = _load(FleetBlock, name)
    if block and block.files == files and _secrets(name) == dict(secrets):
        return block.revision, False
    number = block.revision + 1 if block else 1
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    FleetSecrets(values=SecretDict(dict(secrets))).save(f"{name}-secrets", overwrite=True)
    FleetRevision(files=files, revision=number, saved=moment, comment=comment).save(
        _revision(name, number), overwrite=True
    )
    FleetBlock(files=files, revision=number, saved=moment, comment=comment).save(name, overwrite=True)
    return number, True


def revisions(name: str) -> tuple[Revision, ...]:
    """Every saved state, the newest first."""
    pattern = re.compile(rf"{re.escape(name)}-r(\d+)")
    found = [doc for doc in _documents(FleetRevision) if pattern.fullmatch(str(doc.name))]
    rows = [
        (doc.data["revision"], doc.data["saved"], doc.data["comment"], digest_of(doc.data["files"])) for doc in found
    ]
    return tuple(Revision(*row) for row in sorted(rows, reverse=True))


def restored(name: str, number: int) -> int:
    """Make revision ``number`` the current one, as a new revision; secrets stay as they are. Its new number."""
    block = _load(FleetRevision, _revision(name, number))
    if block is None:
        known = ", ".join(str(revision.number) for revision in revisions(name)) or "none"
        raise fault("FF-FLT-002", f"{name} has no revision {number}", where=name, evidence=[f"known: {known}"])
    return saved(fleet_from_files(block.files), _secrets(name), f"restored revision {number}")[0]


def names() -> tuple[str, ...]:
    """The names of all stored fleets, sorted."""
    return tuple(sorted(str(document.name) for document in _documents(FleetBlock)))


def registered() -> None:
    """Make the block types known to the server, so that the UI can show and pick them."""
    for block in (FleetBlock, FleetSecrets, FleetRevision):
        block.register_type_and_schema()


def _revision(name: str, number: int) -> str:
    return f"{name}-r{number:05d}"


def _secrets(name: str) -> dict[str, str]:
    block = _load(FleetSecrets, f"{name}-secrets")
    return {key: str(value) for key, value in block.values.get_secret_value().items()} if block else {}


def _check_named() -> None:
    """Without a named server Prefect would start one of its own for a moment, whose fleets nobody finds again."""
    if not PREFECT_API_URL.value():
        raise fault("FF-FLT-003", "no Prefect server is named", where="PREFECT_API_URL")


def _load(kind: type[_B], name: str) -> _B | None:
    _check_named()
    try:
        return cast(_B, kind.load(name))
    except ValueError as error:
        if isinstance(error.__cause__, ObjectNotFound):
            return None
        raise fault(
            "FF-FLT-004", f"the stored block {name!r} cannot be read", where=name, evidence=[str(error)]
        ) from error
    except httpx.HTTPError as error:
        raise _unreachable(error) from error


def _documents(kind: type[Block]) -> list[Any]:
    _check_named()
    try:
        with get_client(sync_client=True) as client:
            return list(client.read_block_documents_by_type(kind.get_block_type_slug(), include_secrets=False))
    except ObjectNotFound:
        return []
    except httpx.HTTPError as error:
        raise _unreachable(error) from error


def _unreachable(error: Exception) -> FleetforgeError:
    return fault(
        "FF-FLT-003", "the Prefect server does not answer", where=str(PREFECT_API_URL.value()), evidence=[str(error)]
    )
