"""How a host cluster talks to a cluster's API server: HTTPS with what a kubeconfig or a joined secret gives.

Failures are worded as a Go client words them, because they end up in conditions that people read.

What it does NOT do: exec plug-ins, user name and password, proxies, unverified TLS.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import ssl
import tempfile
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from fleetforge.rehearsal.kubernetes.objects import Object, name_of, namespace_of
from fleetforge.rehearsal.kubernetes.resources import Resource


class BadKubeconfig(Exception):
    """The text is no kubeconfig with a server, a CA and credentials."""


class MemberFailed(Exception):
    """The API server gave no answer (``status`` 0) or refused; the text says why, without secrets."""

    def __init__(self, text: str, status: int = 0, *, timed_out: bool = False) -> None:
        super().__init__(text)
        self.status, self.timed_out = status, timed_out


class Member:
    """One API server at ``endpoint``. ``timeout`` is the longest wait for an answer, in seconds."""

    def __init__(self, endpoint: str, context: ssl.SSLContext, token: str, timeout: float) -> None:
        self.endpoint = endpoint.rstrip("/")
        self._timeout = timeout
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        connector = aiohttp.TCPConnector(ssl=context)
        self._session = aiohttp.ClientSession(connector=connector, headers=headers)

    async def close(self) -> None:
        await self._session.close()

    async def find(self, resource: Resource, name: str, namespace: str = "") -> Object | None:
        """The object; None when it or its kind does not exist."""
        try:
            return await self.json("GET", path_of(resource, namespace, name), about=resource)
        except MemberFailed as failure:
            if failure.status == 404:
                return None
            raise

    async def list(self, resource: Resource, labels: str = "") -> list[Object]:
        path = path_of(resource) + (f"?labelSelector={labels}" if labels else "")
        found = await self.json("GET", path, about=resource)
        return list(found.get("items") or [])

    async def create(self, resource: Resource, item: Object) -> Object:
        return await self.json("POST", path_of(resource, namespace_of(item)), item, resource)

    async def replace(self, resource: Resource, item: Object) -> Object:
        return await self.json("PUT", path_of(resource, namespace_of(item), name_of(item)), item, resource)

    async def delete(self, resource: Resource, name: str, namespace: str = "") -> None:
        await self.json("DELETE", path_of(resource, namespace, name), about=resource)

    async def ensure(self, resource: Resource, item: Object) -> Object:
        """The object of that name; created from ``item`` when there is none."""
        found = await self.find(resource, name_of(item), namespace_of(item))
        return found or await self.create(resource, item)

    async def json(self, method: str, path: str, body: Object | None = None, about: Resource | None = None) -> Object:
        """The parsed answer; ``MemberFailed`` for every other end."""
        status, text = await self.answer(method, path, body)
        if status < 400:
            return dict(json.loads(text))
        raise MemberFailed(_refusal(status, text, method, about), status)

    async def answer(self, method: str, path: str, body: Object | None = None) -> tuple[int, str]:
        """Status and body, whatever the status."""
        limit = aiohttp.ClientTimeout(total=self._timeout)
        url = self.endpoint + path
        try:
            async with self._session.request(method, url, json=body, timeout=limit) as response:
                return response.status, await response.text()
        except TimeoutError as error:
            text = f'{method.capitalize()} "{url}": context deadline exceeded'
            raise MemberFailed(text, timed_out=True) from error
        except (aiohttp.ClientError, OSError) as error:
            raise MemberFailed(f'{method.capitalize()} "{url}": {_cause(error)}') from error

    async def watch(self, resource: Resource, labels: str) -> AsyncGenerator[Object]:
        """Everything there is, as ADDED, then every change, until the connection ends (``MemberFailed``)."""
        url = f"{self.endpoint}{path_of(resource)}?watch=true&labelSelector={labels}"
        limit = aiohttp.ClientTimeout(total=None, sock_connect=self._timeout)
        try:
            async with self._session.get(url, timeout=limit) as response:
                if response.status >= 400:
                    raise MemberFailed(_refusal(response.status, await response.text(), "watch", resource))
                async for line in _lines(response.content):
                    yield json.loads(line)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise MemberFailed(f'Get "{url}": {_cause(error)}') from error


async def _lines(content: aiohttp.StreamReader) -> AsyncGenerator[bytes]:
    rest = b""
    async for part in content.iter_any():
        *whole, rest = (rest + part).split(b"\n")
        for line in whole:
            yield line


def path_of(resource: Resource, namespace: str = "", name: str = "") -> str:
    """The URL path of one object, of a namespace's, or (without both) of all."""
    parts = ["apis", resource.group, resource.version] if resource.group else ["api", resource.version]
    if namespace and resource.namespaced:
        parts += ["namespaces", namespace]
    return "/" + "/".join([*parts, resource.plural, *([name] if name else [])])


def _refusal(status: int, text: str, method: str, about: Resource | None) -> str:
    try:
        return str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        pass
    if status == 404 and about:
        return f"the server could not find the requested resource ({method.lower()} {about.name})"
    return f"an error on the server ({text.strip()[:200]!r}) has prevented the request from succeeding"


def _cause(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"x509: {getattr(error.certificate_error, 'verify_message', error.certificate_error)}"
    if isinstance(error, aiohttp.ClientConnectorError):
        reason = (error.os_error.strerror or str(error.os_error)).rpartition("[")[0] or str(error.os_error)
        refused = isinstance(error.os_error, ConnectionRefusedError)
        return f"dial tcp {error.host}:{error.port}: connect: {'connection refused' if refused else reason}"
    return "EOF" if isinstance(error, aiohttp.ServerDisconnectedError) else str(error) or type(error).__name__


class Connections:
    """The clients in use, one for each server and credentials."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._open: dict[tuple[str, ...], Member] = {}

    def by_token(self, endpoint: str, ca_pem: str, token: str) -> Member:
        key = (endpoint, ca_pem, token)
        if key not in self._open:
            self._open[key] = Member(endpoint, _context(ca_pem), token, self._timeout)
        return self._open[key]

    def by_kubeconfig(self, text: str) -> Member:
        """The cluster of the current context; ``BadKubeconfig``."""
        if (text,) not in self._open:
            cluster, user = _current(text)
            context = _context(_pem(cluster, "certificate-authority-data"))
            if user.get("client-certificate-data"):
                _identify(context, _pem(user, "client-certificate-data"), _pem(user, "client-key-data"))
            self._open[(text,)] = Member(str(cluster["server"]), context, user.get("token", ""), self._timeout)
        return self._open[(text,)]

    async def close(self) -> None:
        members, self._open = list(self._open.values()), {}
        await asyncio.gather(*(member.close() for member in members))


def certificate_in(text: str) -> str:
    """PEM of the client certificate in a kubeconfig; empty when it has none."""
    _, user = _current(text)
    return _pem(user, "client-certificate-data") if user.get("client-certificate-data") else ""


def _current(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Cluster and user of the current context."""
    try:
        config = yaml.safe_load(text)
        named = {key: {one["name"]: one for one in config[key]} for key in ("contexts", "clusters", "users")}
        context = named["contexts"][config["current-context"]]["context"]
        cluster = named["clusters"][context["cluster"]]["cluster"]
        if not cluster["server"]:
            raise KeyError("server")
        return cluster, named["users"][context["user"]].get("user") or {}
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise BadKubeconfig(f"invalid kubeconfig: {type(error).__name__}") from error


def _pem(section: Mapping[str, Any], key: str) -> str:
    try:
        return base64.b64decode(str(section.get(key, "")), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise BadKubeconfig(f"{key} is not base64 of PEM") from error


def _context(ca_pem: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cadata=ca_pem or None)
    except ssl.SSLError as error:
        raise BadKubeconfig("certificate-authority-data holds no certificate") from error


def _identify(context: ssl.SSLContext, certificate: str, key: str) -> None:
    """The standard library reads certificates from files only: one that nobody else can read, for a moment."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "client.pem"
        file.touch(0o600)
        file.write_text(f"{certificate}\n{key}")
        try:
            context.load_cert_chain(file)
        except ssl.SSLError as error:
            raise BadKubeconfig("client certificate and key do not fit") from error
