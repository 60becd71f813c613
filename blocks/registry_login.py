"""How a registry wants to be asked: nothing, user and password, or a token for one repository."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass

import requests
from requests.auth import AuthBase, HTTPBasicAuth

from fleetforge.blocks.http import NO_AUTH, Http, parsed, shown
from fleetforge.fleet.errors.catalogue import fault

TOKEN_SECONDS = 60
"""How long a token holds when its issuer does not say."""

_PART = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Challenge:
    """A parsed ``WWW-Authenticate``: scheme in lower case, realm and service of a token issuer."""

    scheme: str
    realm: str = ""
    service: str = ""

    @classmethod
    def parse(cls, header: str) -> Challenge:
        scheme, _, rest = header.partition(" ")
        parts = dict(_PART.findall(rest))
        return cls(scheme.lower(), parts.get("realm", ""), parts.get("service", ""))


class Login:
    """The authorization for each repository, found out on the first 401 and remembered. Threads may share it."""

    def __init__(self, http: Http, credentials: tuple[str, str] | None) -> None:
        self._http = http
        self._credentials = credentials
        self._challenge: Challenge | None = None
        self._tokens: dict[str, tuple[str, float]] = {}
        self._lock = threading.Lock()

    def current(self, scope: str) -> AuthBase:
        """What to send now, without asking anybody."""
        if self._challenge is None:
            return NO_AUTH
        if self._challenge.scheme == "basic" and self._credentials:
            return HTTPBasicAuth(*self._credentials)
        token, until = self._tokens.get(scope, ("", 0.0))
        return _Bearer(token) if token and time.monotonic() < until else NO_AUTH

    def answered(self, challenge: Challenge, scope: str) -> AuthBase:
        """What to send after a 401. Raises ``FF-REG-401`` when the issuer refuses the credentials."""
        with self._lock:
            self._challenge = challenge
            if challenge.scheme != "bearer":
                return self.current(scope)
            held = self.current(scope)
            if held is NO_AUTH:
                self._tokens[scope] = self._issued(challenge, scope)
            return self.current(scope)

    def forget(self, scope: str) -> None:
        """Ask for a new token next time: the one that was sent is not accepted."""
        self._tokens.pop(scope, None)

    def _issued(self, challenge: Challenge, scope: str) -> tuple[str, float]:
        self._check_realm(challenge.realm)
        params = {key: value for key, value in (("service", challenge.service), ("scope", scope)) if value}
        held = parsed(self._http.request("GET", challenge.realm, params=params, auth=self._credentials or NO_AUTH))
        token = (held.get("token") or held.get("access_token")) if isinstance(held, dict) else None
        if not token:
            raise fault("FF-REG-006", "the token service answered without a token", where=shown(challenge.realm))
        seconds = float(held.get("expires_in") or TOKEN_SECONDS)
        return str(token), time.monotonic() + max(seconds - 10, 5)

    def _check_realm(self, realm: str) -> None:
        """Credentials for an https registry are not sent in the clear because it says so."""
        scheme = "https://" if self._http.url.startswith("https") else "http"
        if not realm.startswith(scheme):
            raise fault("FF-REG-006", "its token service is not reached by https", where=shown(realm))


class _Bearer(AuthBase):
    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request
