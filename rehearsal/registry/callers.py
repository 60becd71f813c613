"""Who is asking, and what Harbor lets them do.

A caller comes with a password (basic), with a token from ``/service/token`` (bearer), or with nothing. As in Harbor a
wrong password or a dead token is no error by itself: the caller is then nobody, and is refused where nobody may go.
``admin`` is the system administrator; other users own the projects they create and may pull from public ones.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from aiohttp import web

from fleetforge.rehearsal.registry.projects import Project, Projects

Action = Literal["pull", "push", "delete"]
SERVICE = "harbor-registry"


@dataclass(frozen=True, slots=True)
class Caller:
    """``user`` is empty for nobody. ``granted`` is ``{project: actions}`` of a token, ``None`` without one."""

    user: str = ""
    granted: Mapping[str, frozenset[str]] | None = None

    @property
    def is_admin(self) -> bool:
        """Administrator with a password; a token never carries more than its scopes."""
        return self.user == "admin" and self.granted is None

    def may(self, action: Action, project: Project) -> bool:
        """Whether Harbor allows the action on the project's repositories."""
        if self.granted is not None:
            return action in self.granted.get(project.name, ())
        return self.owns(project) or (action == "pull" and project.public)

    def owns(self, project: Project) -> bool:
        """Whether the caller may change the project itself."""
        return self.is_admin or bool(self.user and self.granted is None and self.user == project.owner)


@dataclass(frozen=True, slots=True)
class Callers:
    """Reads callers from requests and issues tokens. The signing key lives beside the data, readable by its owner."""

    users: Mapping[str, str]
    projects: Projects
    key_file: Path
    token_seconds: int = 1800
    _key: list[bytes] = field(default_factory=list)

    def of(self, request: web.Request) -> Caller:
        """The caller of a request."""
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "basic":
            return Caller(self._user(value))
        if scheme.lower() == "bearer":
            return self._bearer(value.strip())
        return Caller()

    def token(self, caller: Caller, scopes: Iterable[str]) -> dict[str, Any]:
        """The token service's answer: what the caller may do of what was asked, project by project."""
        now = int(time.time())
        claims = {
            "iss": "harbor-token-issuer",
            "sub": caller.user,
            "aud": [SERVICE],
            "iat": now,
            "exp": now + self.token_seconds,
            "jti": secrets.token_hex(8),
            "access": [access for scope in scopes if (access := self._access(caller, scope))],
        }
        issued = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
        return {"token": self._signed(claims), "expires_in": self.token_seconds, "issued_at": issued}

    def _user(self, encoded: str) -> str:
        try:
            user, _, password = base64.b64decode(encoded).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return ""
        known = self.users.get(user)
        return user if known is not None and hmac.compare_digest(known.encode(), password.encode()) else ""

    def _bearer(self, token: str) -> Caller:
        claims = self._verified(token)
        if claims is None:
            return Caller()
        granted: dict[str, frozenset[str]] = {}
        for access in claims["access"]:
            project = access["name"].partition("/")[0]
            granted[project] = granted.get(project, frozenset()) | frozenset(access["actions"])
        return Caller(claims["sub"], granted)

    def _access(self, caller: Caller, scope: str) -> dict[str, Any] | None:
        kind, _, rest = scope.partition(":")
        name, _, _ = rest.rpartition(":")
        if not kind:
            return None
        project = self.projects.named(name.partition("/")[0]) if kind == "repository" and "/" in name else None
        every: tuple[Action, ...] = ("pull", "push", "delete")
        actions = [action for action in every if project and caller.may(action, project)]
        return {"type": kind, "name": name, "actions": actions}

    def _signed(self, claims: dict[str, Any]) -> str:
        parts = [{"alg": "HS256", "typ": "JWT"}, claims]
        text = ".".join(_encoded(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
        return f"{text}.{self._signature(text)}"

    def _verified(self, token: str) -> dict[str, Any] | None:
        text, _, signature = token.rpartition(".")
        if not hmac.compare_digest(self._signature(text), signature):
            return None
        body = text.partition(".")[2]
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        return claims if claims["exp"] > time.time() else None

    def _signature(self, text: str) -> str:
        return _encoded(hmac.digest(self._secret(), text.encode(), "sha256"))

    def _secret(self) -> bytes:
        if not self._key:
            self._key.append(_kept_secret(self.key_file))
        return self._key[0]


def _kept_secret(file: Path) -> bytes:
    if not file.exists():
        file.touch(mode=0o600)
        file.write_bytes(secrets.token_bytes(32))
    return file.read_bytes()


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
