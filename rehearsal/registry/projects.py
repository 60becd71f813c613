"""Harbor's projects, kept in one JSON file so a restarted server still has them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from fleetforge.rehearsal.registry.failures import harbor_refusal
from fleetforge.rehearsal.registry.store import written_atomically

_NAME = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class Project:
    """``created`` is RFC 3339 in UTC; ``owner`` the user that created the project."""

    id: int
    name: str
    public: bool
    owner: str
    created: str


class Projects:
    """All projects. ``library`` is there from the start, public, as in a fresh Harbor."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._projects: dict[str, Project] = {}
        self._last_id = 0
        if file.exists():
            self._load(json.loads(file.read_text()))
        else:
            self.create("library", public=True, owner="admin")

    def ensure(self, names: Iterable[str]) -> None:
        """Every name is a public project of the administrator; those that exist stay as they are."""
        for name in names:
            if name not in self._projects:
                self.create(name, public=True, owner="admin")

    def create(self, name: str, *, public: bool, owner: str) -> Project:
        """A new project; refused with 400 for a bad name and 409 for a taken one."""
        if not 0 < len(name) <= _LONGEST_NAME:
            text = f"Project name {name} is illegal in length. (greater than {_LONGEST_NAME} or less than 1)"
            raise harbor_refusal(400, text)
        if not _NAME.fullmatch(name):
            raise harbor_refusal(400, "project name is not in lower case or contains illegal characters")
        if name in self._projects:
            raise harbor_refusal(409, f"The project named {name} already exists")
        self._last_id += 1
        created = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        project = Project(self._last_id, name, public, owner, created)
        self._projects[name] = project
        self._save()
        return project

    def delete(self, project: Project) -> None:
        """The project is gone; whether it may go is the caller's question."""
        del self._projects[project.name]
        self._save()

    def named(self, name: str) -> Project | None:
        return self._projects.get(name)

    def numbered(self, number: int) -> Project | None:
        return next((project for project in self._projects.values() if project.id == number), None)

    def listed(self) -> list[Project]:
        """By name, as Harbor's default order is of no use to anyone who compares two runs."""
        return [self._projects[name] for name in sorted(self._projects)]

    def _load(self, saved: dict[str, object]) -> None:
        rows = saved["projects"]
        assert isinstance(rows, list)
        self._projects = {row["name"]: Project(**row) for row in rows}
        self._last_id = int(str(saved["last_id"]))

    def _save(self) -> None:
        rows = [asdict(project) for project in self._projects.values()]
        document = {"last_id": self._last_id, "projects": rows}
        written_atomically(self._file, json.dumps(document, indent=1).encode())
