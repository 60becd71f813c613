"""Harbor's own API (v2.0): is it healthy, which projects are there, create one. Images are ``registry``'s matter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fleetforge.blocks.http import NO_AUTH, Http, parsed
from fleetforge.fleet.errors.catalogue import fault

API = "/api/v2.0"
PAGE = 100
"""Projects asked for at once; the most Harbor gives."""


@dataclass(frozen=True, slots=True)
class HarborHealth:
    """``components`` is ``{name: status}``; anything but ``healthy`` carries Harbor's reason."""

    status: str
    components: dict[str, str]

    @property
    def healthy(self) -> bool:
        return self.status == "healthy"

    @property
    def unhealthy(self) -> tuple[str, ...]:
        """The components that are not well, in words."""
        return tuple(f"{name}: {status}" for name, status in self.components.items() if status != "healthy")


@dataclass(frozen=True, slots=True)
class Project:
    name: str
    public: bool
    number: int


class Harbor:
    """Harbor by ``http`` (area HBR, with the credentials of a user who may create projects)."""

    def __init__(self, http: Http) -> None:
        self.http = http
        self._login_checked = False

    def health(self) -> HarborHealth:
        """Harbor's word on itself; an unhealthy one is an answer, not an error. Needs no login."""
        held = self._object(self.http.json("GET", f"{API}/health", auth=NO_AUTH), "health")
        found = {str(part.get("name")): _component(part) for part in held.get("components") or []}
        return HarborHealth(str(held.get("status", "unknown")), found)

    def check_login(self) -> None:
        """``FF-HBR-401`` when user or password are wrong.

        Asked for by itself, because Harbor treats a wrong password as nobody, who may read public projects.
        """
        if not self._login_checked:
            self.http.request("GET", f"{API}/users/current", accept=(403, 404, 412))
            self._login_checked = True

    def project(self, name: str) -> Project | None:
        """The project called ``name``, or None. ``FF-HBR-403`` when it exists but may not be seen."""
        self.check_login()
        path, headers = f"{API}/projects/{quote(name, safe='')}", {"X-Is-Resource-Name": "true"}
        response = self.http.request("GET", path, headers=headers, accept=(403, 404))
        if response.status_code == 403 and self._exists(name):
            raise self.http.refused(response)
        if response.status_code in (403, 404):
            return None
        return _project(self._object(parsed(response), path))

    def create_project(self, name: str, public: bool = True) -> Project:
        """The project, created or already there (its visibility is then left as it is).

        Raises ``FF-HBR-409`` when Harbor says it exists and does not show it.
        """
        body = {"project_name": name, "public": public, "metadata": {"public": str(public).lower()}}
        response = self.http.request("POST", f"{API}/projects", body=body, accept=(409,))
        found = self.project(name)
        if found is None:
            what = f"project {name} was answered with {response.status_code} and is not there"
            raise fault("FF-HBR-409", what, where=self.http.url, evidence=response.text.splitlines()[:3])
        return found

    def projects(self) -> Iterator[Project]:
        """Every project the user may see, page by page."""
        page = 1
        while True:
            params = {"page": str(page), "page_size": str(PAGE)}
            held = self.http.json("GET", f"{API}/projects", params=params)
            yield from (_project(item) for item in held)
            if len(held) < PAGE:
                return
            page += 1

    def _exists(self, name: str) -> bool:
        params = {"project_name": name}
        return self.http.request("HEAD", f"{API}/projects", params=params, accept=(403, 404)).status_code != 404

    def _object(self, held: Any, what: str) -> dict[str, Any]:
        if not isinstance(held, dict):
            raise fault("FF-REG-006", f"{what} is no JSON object", where=self.http.url)
        return held


def _component(part: dict[str, Any]) -> str:
    status, error = str(part.get("status", "unknown")), part.get("error")
    return f"{status}: {error}" if error else status


def _project(held: dict[str, Any]) -> Project:
    public = str((held.get("metadata") or {}).get("public", "false")) == "true"
    return Project(str(held["name"]), public, int(held.get("project_id", 0)))
