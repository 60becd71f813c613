"""Raw requests to one API server: the kubeconfig's TLS and credentials, JSON in and out, streams of lines.

The official client reads the kubeconfig (certificates, tokens, exec plug-ins) and keeps the connections; its models and
its own retries are left aside. Nothing is retried here: the error's type says whether that makes sense.
"""

from __future__ import annotations

import contextlib
import json
import threading
import warnings
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import urllib3
import yaml
from kubernetes.client import ApiClient, Configuration
from kubernetes.config import ConfigException, load_kube_config_from_dict
from urllib3.exceptions import HTTPError, ReadTimeoutError

from fleetforge.blocks.kube_errors import refused, unreachable
from fleetforge.fleet.errors.catalogue import fault

CONNECT, READ = 5.0, 60.0
"""Seconds to be connected, and to wait for an answer (a page of a big list takes several)."""

CONNECTIONS = 8

Params = Mapping[str, str | int | None]


class Transport:
    """Requests to the server of ``kubeconfig``'s current context. Threads may share it."""

    def __init__(self, kubeconfig: str, name: str) -> None:
        self.name = name
        self._configuration = _configured(kubeconfig, name)
        self.server = str(self._configuration.host)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._pool: urllib3.PoolManager = ApiClient(self._configuration).rest_client.pool_manager

    def json(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        """The parsed answer; options as ``request``'s. ``FF-K8S-012`` when it is no JSON object."""
        content = self.request(method, path, **options)
        try:
            held = json.loads(content)
        except ValueError as error:
            raise self._no_api(path, content) from error
        if not isinstance(held, dict):
            raise self._no_api(path, content)
        return held

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        body: object = None,
        content_type: str = "application/json",
        read: float = READ,
    ) -> bytes:
        """The bytes of a successful answer."""
        response = self._sent(method, path, params, body, content_type, read, stream=False)
        if not 200 <= response.status < 300:
            raise refused(self.name, method, path, response.status, response.data)
        return response.data

    @contextlib.contextmanager
    def stream(self, path: str, params: Params, read: float) -> Iterator[LineStream]:
        """A GET whose answer comes line by line; ends without an error after ``read`` seconds of silence."""
        response = self._sent("GET", path, params, None, "application/json", read, stream=True)
        lines = LineStream(response)
        try:
            if not 200 <= response.status < 300:
                raise refused(self.name, "GET", path, response.status, response.data)
            yield lines
        except (HTTPError, OSError) as error:
            raise unreachable(self.name, self.server, error) from error
        finally:
            lines.close()

    def close(self) -> None:
        self._pool.clear()

    def _sent(
        self,
        method: str,
        path: str,
        params: Params | None,
        body: object,
        content_type: str,
        read: float,
        *,
        stream: bool,
    ) -> urllib3.BaseHTTPResponse:
        asked = urlencode({key: value for key, value in (params or {}).items() if value not in (None, "")})
        headers = {"Accept": "application/json, */*", "User-Agent": "fleetforge", **self._authorization()}
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            headers["Content-Type"] = content_type
        try:
            return self._pool.request(
                method,
                self.server + path + (f"?{asked}" if asked else ""),
                body=data,
                headers=headers,
                timeout=urllib3.Timeout(connect=CONNECT, read=read),
                retries=False,
                redirect=False,
                preload_content=not stream,
            )
        except (HTTPError, OSError) as error:
            raise unreachable(self.name, self.server, error) from error

    def _authorization(self) -> dict[str, str]:
        settings: list[Any] = list(self._configuration.auth_settings().values())
        held = [found for found in settings if found.get("in") == "header" and found.get("value")]
        return {str(found["key"]): str(found["value"]) for found in held}

    def _no_api(self, path: str, content: bytes) -> Exception:
        first = content.decode(errors="replace").strip().splitlines()[:3]
        return fault("FF-K8S-012", f"{self.server} answered without JSON", where=f"{self.name} {path}", evidence=first)


class LineStream:
    """The lines of an open answer. ``shutdown`` ends it from another thread."""

    def __init__(self, response: urllib3.BaseHTTPResponse) -> None:
        self._response = response
        self._closing = threading.Event()

    def __iter__(self) -> Iterator[str]:
        rest = b""
        try:
            for chunk in self._response.stream(None, decode_content=True):
                *lines, rest = (rest + chunk).split(b"\n")
                yield from (line.decode(errors="replace") for line in lines if line)
        except ReadTimeoutError:
            return
        except (HTTPError, OSError):
            if not self._closing.is_set():
                raise
        if rest:
            yield rest.decode(errors="replace")

    def shutdown(self) -> None:
        """Let a reader that waits for the next line come back at once."""
        self._closing.set()
        with contextlib.suppress(ValueError, RuntimeError, OSError):
            self._response.shutdown()

    def close(self) -> None:
        """The connection is given up: what is left of an endless answer cannot be skipped."""
        with contextlib.suppress(HTTPError, OSError):
            self._response.close()


def _configured(kubeconfig: str, name: str) -> Configuration:
    configuration = Configuration()
    try:
        held = yaml.safe_load(kubeconfig)
        if not isinstance(held, dict):
            raise ConfigException("it is no YAML mapping")
        load_kube_config_from_dict(  # type: ignore[no-untyped-call]
            held, client_configuration=configuration, persist_config=False
        )
    except (yaml.YAMLError, ConfigException, ValueError, OSError, KeyError, TypeError) as error:
        reason = "it is not YAML" if isinstance(error, yaml.YAMLError) else str(error)
        raise fault("FF-K8S-011", f"the kubeconfig cannot be used: {reason}", where=name) from error
    configuration.retries = None
    configuration.connection_pool_maxsize = CONNECTIONS
    return configuration
