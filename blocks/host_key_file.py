"""Where a run finds the hosts' SSH keys: the fleet's stored known-hosts text, as a file paramiko can read.

With policy ``verify`` the file is exactly the stored text, under a name made of it, so that nobody ever rewrites it.
With ``accept-new`` keys are learnt, so it is one lasting file per fleet that begins with the stored text.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

from fleetforge.fleet.definition import Fleet
from fleetforge.fleet.spec import HostKeyPolicy

STATE = "~/.fleetforge/known_hosts"
"""Directory of the known-hosts files on the machine Fleetforge runs on; ``FLEETFORGE_STATE`` moves it."""


def host_key_file(fleet: Fleet) -> Path:
    """The known-hosts file to check against, made or completed when that is needed."""
    stored = fleet.files.get(fleet.host_key_file, "")
    directory = Path(os.environ.get("FLEETFORGE_STATE", STATE)).expanduser()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if fleet.spec.spec.host_keys.policy is HostKeyPolicy.ACCEPT_NEW:
        path = directory / fleet.name
        held = path.read_text() if path.exists() else ""
        return _written(path, held, _joined(held, stored))
    path = directory / f"{fleet.name}-{hashlib.sha256(stored.encode()).hexdigest()[:12]}"
    return _written(path, path.read_text() if path.exists() else None, stored)


def _written(path: Path, held: str | None, text: str) -> Path:
    if text != held or not path.exists():
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
        temporary.write_text(text)
        temporary.replace(path)
    return path


def _joined(held: str, stored: str) -> str:
    known = set(held.splitlines())
    new = [line for line in stored.splitlines() if line not in known]
    return held + "".join(f"{line}\n" for line in new)
