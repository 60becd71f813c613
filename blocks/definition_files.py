"""A fleet from the operator's files, from what is stored, and back to files.

On disk a fleet is fleet.yaml and the kk files it names; stored it is the same texts with ``${secret:…}`` in place of
every secret. Everything that is wrong is told at once, each with file, line and field.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TypeVar

from fleetforge.blocks.documents import Document, Span, parsed_documents, read_text
from fleetforge.blocks.secret_texts import Resolve, edited, quoted, stored_text, written_text
from fleetforge.fleet.checks import checked
from fleetforge.fleet.definition import FLEET_FILE, Fleet, named_files, read_fleet
from fleetforge.fleet.errors import FleetforgeError, Many
from fleetforge.fleet.errors.catalogue import fault
from fleetforge.fleet.errors.grouping import grouped
from fleetforge.fleet.findings import FieldPath, Finding, sorted_out
from fleetforge.fleet.initial_fleet import initial_text
from fleetforge.fleet.kk_cluster import ClusterConfig, read_cluster
from fleetforge.fleet.kk_manifest import Manifest, read_manifest
from fleetforge.fleet.references import Reference

_Read = TypeVar("_Read", ClusterConfig, Manifest)
Stored = Callable[[str], Mapping[str, str]]
"""The secrets stored for a fleet's name; empty when it is not stored."""


@dataclass(frozen=True, slots=True)
class LoadedFleet:
    """A fleet without errors; ``secrets`` by the keys its references name (never to be logged)."""

    fleet: Fleet
    secrets: dict[str, str] = field(repr=False)
    warnings: tuple[Finding, ...]


def load_fleet(path: Path, environment: Mapping[str, str] | None = None, stored: Stored | None = None) -> LoadedFleet:
    """Read fleet.yaml and the files it names, check all of it together, and take the secrets out.

    ``stored`` gives the values of ``${secret:…}`` references, which exported files have. Raises ``Many`` with every
    FF-SPEC error there is.
    """
    loading = _Loading(path, os.environ if environment is None else environment, stored or (lambda name: {}))
    return loading.loaded()


def fleet_from_files(files: Mapping[str, str]) -> Fleet:
    """The fleet in stored texts (by file name, the spec under ``fleet.yaml``). Raises ``Many`` when they do not fit."""
    spec = parsed_documents(files[FLEET_FILE], FLEET_FILE) if FLEET_FILE in files else ()
    kk_files = [name for name in named_files([document.data for document in spec]) if name in files]
    documents = {FLEET_FILE: spec} | {name: parsed_documents(files[name], name) for name in kk_files}
    lines = {name: _lines(held) for name, held in documents.items()}
    fleet, found = read_fleet(_data(documents), files, lines)
    errors = list(sorted_out(found, lines).errors)
    missing = [name for name in named_files(_data(documents).get(FLEET_FILE, ())) if name not in files]
    errors += [fault("FF-SPEC-002", f"the stored fleet lacks {name}", where=FLEET_FILE) for name in missing]
    if fleet is None or errors:
        raise Many(errors or [fault("FF-SPEC-002", f"the stored fleet lacks {FLEET_FILE}", where=FLEET_FILE)])
    return fleet


def written(fleet: Fleet, directory: Path) -> list[Path]:
    """Write the fleet's files below ``directory``, secrets as references; files that lay outside come inside.

    Raises FF-SPEC-090, with nothing written, when a file with other content is there.
    """
    targets = {directory / name: text for name, text in _exported(fleet).items()}
    for path, text in targets.items():
        if path.exists() and path.read_text(encoding="utf-8") != text:
            raise fault("FF-SPEC-090", f"{path} exists already and differs", where=str(path))
    for path, text in targets.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(targets)


def initial_fleet(
    manifest: Path,
    configs: Sequence[Path],
    *,
    directory: Path = Path(),
    name: str | None = None,
    workspace: str = "/data/fleetforge",
) -> str:
    """The text of a fleet.yaml for kk files that exist; the first config is the host cluster's.

    Paths are written as seen from ``directory``, where the fleet.yaml will stand. Raises ``Many`` for files that cannot
    be read.
    """
    errors: list[FleetforgeError] = []
    held_manifest = _kk_file(manifest, read_manifest, errors)
    held = [(path, _kk_file(path, read_cluster, errors)) for path in configs]
    if errors or held_manifest is None:
        raise Many(errors)
    read = [(_seen_from(directory, path), config) for path, config in held if config is not None]
    return initial_text(_seen_from(directory, manifest), held_manifest, read, name=name, workspace=workspace)


class _Loading:
    """One reading of a fleet from disk; errors are collected on the way."""

    def __init__(self, path: Path, environment: Mapping[str, str], stored: Stored) -> None:
        self.path, self.directory = path, path.parent
        self.environment, self.stored = environment, stored
        self.documents: dict[str, tuple[Document, ...]] = {}
        self.texts: dict[str, str] = {}
        self.errors: list[FleetforgeError] = []
        self.found: list[Finding] = []
        self.secrets: dict[str, str] = {}

    def loaded(self) -> LoadedFleet:
        self._read_all()
        files = {name: self._stored(name) for name in self.documents}
        lines = {name: _lines(documents) for name, documents in self.documents.items()}
        kept = {name: parsed_documents(text, name) for name, text in files.items()}
        fleet, found = read_fleet(_data(kept), files, lines)
        if fleet is not None:
            fleet = replace(fleet, files={**files, **self._host_keys(fleet.host_key_file)})
        shown = {FLEET_FILE: self.path.name}
        said = sorted_out([*self.found, *found], lines, shown)
        further = checked(fleet, shown) if fleet else sorted_out((), lines)
        self.errors += (*said.errors, *further.errors)
        if fleet is None or self.errors:
            raise Many(grouped(self.errors))
        return LoadedFleet(fleet, self.secrets, (*said.warnings, *further.warnings))

    def _read_all(self) -> None:
        self._read(FLEET_FILE, self.path, self.path.name)
        for name in named_files([document.data for document in self.documents.get(FLEET_FILE, ())]):
            if name == FLEET_FILE or (self.directory / name).resolve() == self.path.resolve():
                what = f"{name} is named as a kk file, but it is the fleet's own"
                self.errors.append(fault("FF-SPEC-011", what, where=self.path.name))
            else:
                self._read(name, self.directory / name, name)

    def _read(self, name: str, path: Path, shown: str) -> None:
        try:
            text = read_text(path, shown)
            documents = parsed_documents(text, shown)
        except FleetforgeError as error:
            self.errors.append(error)
            return
        self.texts[name] = text
        self.documents[name] = tuple(replace(document, path=name) for document in documents)

    def _host_keys(self, name: str) -> dict[str, str]:
        """The known-hosts file, when there is one: public keys, stored as they are."""
        path = self.directory / Path(name).expanduser()
        return {name: read_text(path, name)} if path.is_file() else {}

    def _stored(self, name: str) -> str:
        held = stored_text(self.texts[name], self.documents[name], self._resolver())
        self.found += held.found
        self.secrets |= held.secrets
        return held.text

    def _resolver(self) -> Resolve:
        return lambda reference: _resolved(reference, self.environment, self.directory, self._stored_secrets)

    def _stored_secrets(self) -> Mapping[str, str]:
        held = self.documents.get(FLEET_FILE)
        metadata = held[0].data.get("metadata") if held else None
        name = metadata.get("name") if isinstance(metadata, dict) else None
        return self.stored(name) if isinstance(name, str) else {}


def _resolved(
    reference: Reference, environment: Mapping[str, str], directory: Path, stored: Callable[[], Mapping[str, str]]
) -> str:
    """The value of a reference; ``LookupError`` with the words for the operator."""
    if reference.scheme == "env":
        value = environment.get(reference.name, "")
        if not value:
            raise LookupError(f"the environment variable {reference.name} is not set")
        return value
    if reference.scheme == "secret":
        secrets = stored()
        if reference.key not in secrets:
            raise LookupError(f"no secret is stored under {reference.key!r}")
        return secrets[reference.key]
    path = directory / Path(reference.name).expanduser()
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise LookupError(f"the file {reference.name} cannot be read: {reason}") from error


def _lines(documents: Sequence[Document]) -> dict[FieldPath, int]:
    """The lines of all documents of a file; those of the second are under ``#2``, and so on."""
    held: dict[FieldPath, int] = {}
    for number, document in enumerate(documents, start=1):
        prefix: FieldPath = () if number == 1 else (f"#{number}",)
        held |= {(*prefix, *path): line for path, line in document.lines.items()}
    return held


def _data(documents: Mapping[str, Sequence[Document]]) -> dict[str, list[dict[str, object]]]:
    return {name: [document.data for document in held] for name, held in documents.items()}


def _exported(fleet: Fleet) -> dict[str, str]:
    """The files by names that stay inside a directory; fleet.yaml names them so."""
    names = dict(_inside(fleet))
    spans = parsed_documents(fleet.files[FLEET_FILE], FLEET_FILE)[0].spans
    places: dict[FieldPath, str] = {("spec", "artifact", "manifest"): fleet.manifest_file}
    places |= {
        ("spec", "clusters", index, "config"): cluster.config for index, cluster in enumerate(fleet.spec.spec.clusters)
    }
    places |= {("spec", "hostKeys", "file"): fleet.host_key_file} if fleet.host_key_file in fleet.files else {}
    edits: dict[Span, str] = {spans[path]: quoted(names[name]) for path, name in places.items() if names[name] != name}
    texts = {names[name]: written_text(text) for name, text in fleet.files.items() if name != FLEET_FILE}
    return {FLEET_FILE: written_text(edited(fleet.files[FLEET_FILE], edits)), **texts}


def _inside(fleet: Fleet) -> Iterator[tuple[str, str]]:
    for wanted, name in [
        ("manifest.yaml", fleet.manifest_file),
        *((f"clusters/{cluster.name}.yaml", cluster.config) for cluster in fleet.spec.spec.clusters),
        ("known_hosts", fleet.host_key_file),
    ]:
        path = PurePosixPath(name)
        yield name, wanted if path.is_absolute() or ".." in path.parts else name


def _seen_from(directory: Path, path: Path) -> str:
    return Path(os.path.relpath(path.resolve(), directory.resolve())).as_posix()


def _kk_file(
    path: Path, read: Callable[..., tuple[_Read | None, tuple[Finding, ...]]], errors: list[FleetforgeError]
) -> _Read | None:
    """One kk file read by ``read``; its errors go to ``errors``."""
    try:
        documents = parsed_documents(read_text(path, str(path)), str(path))
    except FleetforgeError as error:
        errors.append(error)
        return None
    held, found = read([document.data for document in documents], str(path))
    errors += sorted_out(found, {str(path): _lines(documents)}).errors
    return held
