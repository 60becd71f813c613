"""One HTTPS server with a JSON API: TLS, time-outs, and every failure as a coded error.

Cookies are never kept (Harbor asks for a CSRF token from whoever brings its session cookie back), and neither proxies,
netrc nor CA paths are taken from the environment: a private registry is reached directly with what the fleet says.
"""

from __future__ import annotations

import json
import re
import ssl
import warnings
from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urljoin, urlsplit, urlunsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from fleetforge.fleet.errors import FleetforgeError
from fleetforge.fleet.errors.catalogue import fault

Area = Literal["REG", "HBR"]

CONNECT, READ = 5.0, 30.0
"""Default time-outs in seconds: to be connected, and between two reads of an answer."""

BODY_LINES, BODY_WIDTH = 5, 300
RETRY_AFTER_LIMIT = 600.0


class Http:
    """A server by its base URL. ``ca`` is PEM text or the path of a PEM file; with it, no other CA is trusted."""

    def __init__(
        self,
        url: str,
        *,
        area: Area = "REG",
        ca: str | None = None,
        verify: bool = True,
        auth: tuple[str, str] | None = None,
        timeouts: tuple[float, float] = (CONNECT, READ),
        connections: int = 8,
    ) -> None:
        self.url = url.rstrip("/")
        self.area: Area = area
        self._timeouts = timeouts
        self._verify = verify
        self._auth = auth
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        context = _trusting(ca, self.url) if verify else None
        self._session.mount("https://", _Adapter(context, connections))
        self._session.mount("http://", HTTPAdapter(pool_connections=1, pool_maxsize=connections))

    @property
    def host(self) -> str:
        """``name[:port]`` of the server."""
        return urlsplit(self.url).netloc.rpartition("@")[2]

    def request(
        self,
        method: str,
        path: str,
        *,
        accept: tuple[int, ...] = (),
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        auth: tuple[str, str] | AuthBase | None = None,
    ) -> requests.Response:
        """The answer with status 2xx or one of ``accept``; anything else is an error of this server's area.

        ``path`` may be absolute (a token realm). ``body`` is sent as JSON. ``auth`` replaces the server's own.
        """
        url = path if "://" in path else self.url + "/" + path.lstrip("/")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", urllib3.exceptions.InsecureRequestWarning)
                response = self._session.request(
                    method,
                    url,
                    params=params,
                    headers=headers,
                    json=body,
                    auth=auth or self._auth,
                    timeout=self._timeouts,
                    verify=self._verify,
                    allow_redirects=method in ("GET", "HEAD"),
                )
        except requests.RequestException as error:
            raise unreachable(error, method, url) from error
        if response.ok or response.status_code in accept:
            return response
        raise self.refused(response)

    def json(self, method: str, path: str, **options: Any) -> Any:
        """The parsed body of a successful answer; ``FF-REG-006`` when it is not JSON."""
        return parsed(self.request(method, path, **options))

    def refused(self, response: requests.Response) -> FleetforgeError:
        """The coded error for an answer nobody wanted."""
        status = response.status_code
        known = {401: 401, 403: 403, 429: 429} if status < 500 else {}
        family = known.get(status, 500 if status >= 500 else 400)
        what = f"{response.request.method} answered {status} {response.reason or ''}".rstrip()
        error = fault(f"FF-{self.area}-{family}", what, where=shown(response.url), evidence=evidence_of(response))
        error.after = _retry_after(response) or error.after
        return error


class _NoAuth(AuthBase):
    """Sends no credentials, where ``None`` would mean the server's own."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


NO_AUTH = _NoAuth()


class _Adapter(HTTPAdapter):
    """TLS by one ``SSLContext`` alone: requests would add its own bundle of public CAs to it."""

    def __init__(self, context: ssl.SSLContext | None, connections: int) -> None:
        self._context = context
        super().__init__(pool_connections=2, pool_maxsize=connections)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        if self._context is not None:
            kwargs["ssl_context"] = self._context
        super().init_poolmanager(*args, **kwargs)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        if self._context is None:
            super().cert_verify(conn, url, verify, cert)  # type: ignore[no-untyped-call]


def _trusting(ca: str | None, where: str) -> ssl.SSLContext:
    try:
        if ca is None:
            return ssl.create_default_context()
        text = ca if "-----BEGIN" in ca else Path(ca).read_text()
        return ssl.create_default_context(cadata=text)
    except (OSError, ssl.SSLError, ValueError) as error:
        raise fault("FF-REG-004", "the CA cannot be read", where=where, evidence=[str(error)]) from error


def parsed(response: requests.Response) -> Any:
    """The JSON body of an answer; ``FF-REG-006`` when it has another body."""
    try:
        return json.loads(response.content)
    except ValueError as error:
        what = "the answer is not JSON"
        raise fault("FF-REG-006", what, where=shown(response.url), evidence=evidence_of(response)) from error


def unreachable(error: requests.RequestException, method: str, url: str) -> FleetforgeError:
    """Why there was no answer at all."""
    code, what = _cause(error)
    return fault(code, what, where=shown(url), evidence=[f"{method} {shown(url)}", _words(error)])


def _cause(error: requests.RequestException) -> tuple[str, str]:
    text = str(error)
    if isinstance(error, requests.exceptions.SSLError):
        if "CERTIFICATE" in text.upper() or "hostname" in text.lower():
            return "FF-REG-004", "its certificate was not accepted"
        return "FF-REG-006", "it does not speak TLS as expected"
    if isinstance(error, requests.exceptions.Timeout):
        return "FF-REG-002", "no answer within the time limit"
    if "NameResolution" in text or "getaddrinfo" in text or "Name or service not known" in text:
        return "FF-REG-003", "its name could not be resolved"
    if re.search(r"refused|No route|unreachable", text, re.IGNORECASE):
        return "FF-REG-001", "the connection was refused"
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.TooManyRedirects):
        return "FF-REG-006", "its address leads nowhere"
    return "FF-REG-005", "the connection broke"


def _words(error: BaseException) -> str:
    """The innermost reason, without the object addresses libraries put around it."""
    text = str(error)
    found = re.search(r"Caused by (\w+)\((.*)\)\)?$", text, re.DOTALL)
    return re.sub(r"<[^>]* object at 0x[0-9a-f]+>:? ?", "", found.group(2) if found else text)[:BODY_WIDTH].strip(
        "'\" "
    )


def evidence_of(response: requests.Response) -> list[str]:
    """Request line, status, and the first lines of the body."""
    lines = [line for line in response.text.splitlines() if line.strip()] if response.content else []
    head = f"{response.request.method} {shown(response.url)}"
    return [head, f"HTTP {response.status_code}", *(line[:BODY_WIDTH] for line in lines[:BODY_LINES])]


def shown(url: str | bytes | None) -> str:
    """A URL without user, password and query values, fit to be printed."""
    text = url.decode() if isinstance(url, bytes) else url or ""
    parts = urlsplit(text)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def next_page(response: requests.Response) -> str | None:
    """The URL a ``Link: <…>; rel="next"`` header leads to, or None at the last page."""
    link = response.links.get("next", {}).get("url")
    return urljoin(response.url, link) if link else None


def _retry_after(response: requests.Response) -> float:
    held = response.headers.get("Retry-After", "")
    return min(float(held), RETRY_AFTER_LIMIT) if re.fullmatch(r"\d+(\.\d+)?", held) else 0.0
