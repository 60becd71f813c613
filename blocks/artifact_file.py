"""The artifact file on the control machine: is it there, what is in it, and the inventory kept beside it.

Reading needs only ``stat``, ``sha256sum`` and GNU ``tar`` there. A kk artifact holds ``images/index.json`` with one
entry per image and architecture; the architecture is proved by each image's config, never by its name.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from fleetforge.blocks.connection import Connection
from fleetforge.fleet.errors.catalogue import fault
from fleetforge.fleet.oci import entries_of
from fleetforge.fleet.stages.artifact import ArtifactFacts, Inventory

READ_TIMEOUT = 4 * 3600.0
"""Seconds: an artifact of 100 GB takes most of an hour for each pass on a slow disk."""

MEMBERS_LIMIT = 256 << 20
"""Bytes of index, manifests and configs read out of an artifact; they are kilobytes each."""


def observed_file(control: Connection, path: str) -> ArtifactFacts:
    """The file's size and time, and the inventory beside it."""
    size, modified = _stat(control, path)
    held = control.read(_beside(path)) if control.size(_beside(path)) else b""
    return ArtifactFacts(size, modified, Inventory.from_json(held.decode(errors="replace")))


def inventory_taken(control: Connection, path: str, manifest_digest: str) -> Inventory:
    """Read the artifact once and keep what was found beside it; ``FF-ART-004`` when it is not a kk artifact."""
    size, modified = _stat(control, path)
    answer = control.run(f"sha256sum {shlex.quote(path)}", timeout=READ_TIMEOUT)
    digest = answer.stdout.decode().split(" ")[0].lstrip("\\")
    if answer.exit_code or len(digest) != 64:
        raise _unreadable(path, answer.stderr)
    inventory = Inventory(manifest_digest, digest, size or 0, modified, _images(control, path))
    control.write(_beside(path), inventory.to_json().encode())
    return inventory


def removed(control: Connection, path: str) -> None:
    """The file is gone."""
    _done(control, f"rm -f {shlex.quote(path)}", path)


def renamed(control: Connection, path: str, to: str) -> None:
    """``path`` is now ``to``; the same directory, so it is one step."""
    _done(control, f"mv -f {shlex.quote(path)} {shlex.quote(to)}", path)


def _done(control: Connection, command: str, path: str) -> None:
    answer = control.run(command)
    if answer.exit_code:
        raise _unreadable(path, answer.stderr)


def _stat(control: Connection, path: str) -> tuple[int | None, int]:
    answer = control.run(f"stat -L -c '%s %Y' {shlex.quote(path)}")
    if answer.exit_code:
        return None, 0
    size, modified = answer.stdout.split()
    return int(size), int(modified)


def _beside(path: str) -> str:
    return f"{path}.inventory.json"


def _images(control: Connection, path: str) -> tuple[tuple[str, str], ...]:
    """Three passes: the index, the manifests it names, the configs those name."""
    index = _members(control, path, ["images/index.json"])
    entries = entries_of(_json(path, index.get("images/index.json", b"")))
    manifests = _members(control, path, {_blob(entry.digest) for entry in entries})
    configs = {entry: _json(path, manifests.get(_blob(entry.digest), b""))["config"]["digest"] for entry in entries}
    held = _members(control, path, {_blob(digest) for digest in configs.values()})
    found = {
        (entry.image, str(_json(path, held.get(_blob(digest), b""))["architecture"]))
        for entry, digest in configs.items()
    }
    return tuple(sorted(found))


def _members(control: Connection, path: str, names: Iterable[str]) -> Mapping[str, bytes]:
    """The named members' contents; tar prints them one after the other, each behind its own marker line."""
    wanted = sorted(names)
    if not wanted:
        return {}
    mark = "fleetforge-member"
    show = f'printf \'%s %s %s\\n\' {mark} "$TAR_FILENAME" "$TAR_SIZE"; cat'
    command = f"tar -xzf {shlex.quote(path)} --to-command={shlex.quote(show)} -T -"
    answer = control.run(command, stdin="\n".join(wanted).encode(), timeout=READ_TIMEOUT, limit=MEMBERS_LIMIT)
    if answer.exit_code and not answer.stdout:
        raise _unreadable(path, answer.stderr)
    return _split(answer.stdout, mark.encode())


def _split(stream: bytes, mark: bytes) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    while stream:
        head, _, rest = stream.partition(b"\n")
        if not head.startswith(mark + b" "):
            break
        name, size = head.decode().split(" ")[1:]
        found[name], stream = rest[: int(size)], rest[int(size) :]
    return found


def _json(path: str, data: bytes) -> dict[str, Any]:
    try:
        held = json.loads(data)
    except ValueError as error:
        raise fault(
            "FF-ART-004", "an index, manifest or config in it cannot be read", where=path, evidence=[str(error)]
        ) from error
    if not isinstance(held, dict):
        raise fault("FF-ART-004", "its index is not a JSON object", where=path)
    return held


def _blob(digest: str) -> str:
    return "images/blobs/" + digest.replace(":", "/")


def _unreadable(path: str, stderr: bytes) -> Exception:
    lines = stderr.decode(errors="replace").splitlines()
    return fault("FF-ART-004", "the artifact cannot be read", where=path, evidence=lines)
