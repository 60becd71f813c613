"""One question to a running site, from any process of its owner: HTTP with JSON over a unix socket."""

from __future__ import annotations

import http.client
import json
import socket
from pathlib import Path
from typing import Any

SECONDS = 60.0
"""The longest a site may think about an answer."""


class SiteRefused(Exception):
    """The site answered with an error; ``status`` is its HTTP status."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class _OverSocket(http.client.HTTPConnection):
    def __init__(self, path: Path, seconds: float) -> None:
        super().__init__("site", timeout=seconds)
        self._path = str(path)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def asked(path: Path, method: str, target: str, body: object = None, *, seconds: float = SECONDS) -> Any:
    """The answer's JSON. ``SiteRefused`` when the site says no, ``OSError`` when there is no site at that socket."""
    connection = _OverSocket(path, seconds)
    try:
        headers = {"Content-Type": "application/json"}
        connection.request(method, target, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        text = response.read().decode()
    except http.client.HTTPException as error:
        raise ConnectionError(f"the site at {path} does not speak HTTP: {error!r}") from error
    finally:
        connection.close()
    if response.status != http.client.OK:
        raise SiteRefused(response.status, _reason(text))
    return json.loads(text)


def _reason(text: str) -> str:
    try:
        return str(json.loads(text)["error"])
    except (ValueError, KeyError, TypeError):
        return text
