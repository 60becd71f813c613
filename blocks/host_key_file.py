"""Where a run finds the hosts' SSH keys: the fleet's stored known-hosts text, as a file paramiko can read.

With policy ``verify`` the file is exactly the stored text. With ``accept-new`` keys are learnt, so it is a lasting file of
this machine (below ``~/.fleetforge``) that begins with the stored text.
"""

from __future__ import annotations

import os
from pathlib import Path

from fleetforge.fleet.definition import Fleet
from fleetforge.fleet.spec import HostKeyPolicy

STATE = "~/.fleetforge/known_hosts"
"""Directory of the known-hosts files on the machine Fleetforge runs on; ``FLEETFORGE_STATE`` moves it."""


def host_key_file(fleet: Fleet) -> Path:
    """The known-hosts file to check against; missing lines of the stored text are added, or all of it is replaced."""
    keys = fleet.spec.spec.host_keys
    stored = fleet.files.get(fleet.host_key_file, "")
    directory = Path(os.environ.get("FLEETFORGE_STATE", STATE)).expanduser()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = directory / fleet.name
    held = path.read_text() if path.exists() else ""
    text = _joined(held, stored) if keys.policy is HostKeyPolicy.ACCEPT_NEW else stored
    if text != held or not path.exists():
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        temporary.write_text(text)
        temporary.replace(path)
    return path


def _joined(held: str, stored: str) -> str:
    known = set(held.splitlines())
    new = [line for line in stored.splitlines() if line not in known]
    return held + "".join(f"{line}\n" for line in new)
