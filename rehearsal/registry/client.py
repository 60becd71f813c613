"""A registry client that fails in kk's words.

kk copies images with containers/image, whose error texts end up on kk's stdout. The texts here were taken from skopeo
1.9.3 (the same library) against a registry that failed at each step, and from recordings of kk v3.1.7. Everything is
synchronous, keeps no cookies, and ignores proxies and ``.netrc``.
"""

from __future__ import annotations

import base64
import re
import ssl
from dataclasses import dataclass, field
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from fleetforge.fleet.oci import ACCEPT

_DEADLINE = (10, 60)
"""Seconds to connect and between two bytes."""

_SAYS_ITSELF = re.compile(
    r"UNKNOWN|UNSUPPORTED|UNAUTHORIZED|DENIED|UNAVAILABLE|TOOMANYREQUESTS|SIZE_INVALID|NAME_(INVALID|UNKNOWN)"
    r"|(DIGEST|TAG)_INVALID|MANIFEST_(UNKNOWN|INVALID|UNVERIFIED|BLOB_UNKNOWN)|BLOB_(UNKNOWN|UPLOAD_(UNKNOWN|INVALID))"
)
"""The codes the library knows; any other is called ``unknown``."""


class CopyFailed(Exception):
    """A copy went wrong; the text is the line kk prints."""


@dataclass(frozen=True, slots=True)
class Login:
    """One entry of kk's ``registry.auths``. ``certs_path`` is a folder whose ``*.crt`` files are trusted."""

    username: str = ""
    password: str = field(default="", repr=False)
    plain_http: bool = False
    skip_tls_verify: bool = False
    certs_path: Path | None = None

    @property
    def insecure(self) -> bool:
        """kk's plainHTTP includes skipTLSVerify."""
        return self.plain_http or self.skip_tls_verify


class RegistryClient:
    """Pushes to and reads from one registry host (``host[:port]``)."""

    def __init__(self, host: str, login: Login) -> None:
        self.host = host
        self._login = login
        self._base = ""
        self._challenge = ""
        self._tokens: dict[str, str] = {}
        self._session = _session(login)

    def close(self) -> None:
        self._session.close()

    def ping(self) -> None:
        """Finds scheme and authentication. With an insecure login https is tried first, then http."""
        schemes = ["https", "http"] if self._login.insecure else ["https"]
        text = ""
        for scheme in schemes:
            try:
                answer = self._session.get(f"{scheme}://{self.host}/v2/", timeout=_DEADLINE)
            except requests.RequestException as error:
                text = f'Get "{scheme}://{self.host}/v2/": {_reason(error)}'
                continue
            if answer.status_code not in (200, 401):
                text = f"invalid status code from registry {_status(answer)}"
                continue
            self._base, self._challenge = f"{scheme}://{self.host}", answer.headers.get("Www-Authenticate", "")
            return
        raise CopyFailed(f"pinging container registry {self.host}: {text}")

    def has_blob(self, repository: str, digest: str) -> bool:
        answer = self._request("HEAD", repository, f"{self._base}/v2/{repository}/blobs/{digest}")
        if answer.status_code in (200, 404):
            return answer.status_code == 200
        if answer.status_code == 401:
            where = f"checking whether a blob {digest} exists in {self.host}/{repository}"
            raise CopyFailed(f"{where}: unauthorized: authentication required")
        raise CopyFailed(f"failed to read from destination repository {repository}: {_status(answer)}")

    def upload_blob(self, repository: str, digest: str, content: bytes) -> None:
        """The three requests of a chunked upload with one chunk."""
        start = f"/v2/{repository}/blobs/uploads/"
        answer = self._request("POST", repository, self._base + start)
        _expect(answer, 202, f"initiating layer upload to {start} in {self.host}")
        url = urljoin(answer.url, answer.headers["Location"])
        answer = self._request("PATCH", repository, url, content, "application/octet-stream")
        _expect(answer, 202, "uploading layer chunked")
        url = urljoin(answer.url, answer.headers["Location"])
        url += f"{'&' if urlsplit(url).query else '?'}digest={quote(digest, safe='')}"
        _expect(self._request("PUT", repository, url), 201, f"uploading layer to {url}")

    def put_manifest(self, repository: str, reference: str, media_type: str, content: bytes) -> None:
        url = f"{self._base}/v2/{repository}/manifests/{reference}"
        answer = self._request("PUT", repository, url, content, media_type)
        _expect(answer, 201, f"uploading manifest {reference} to {self.host}/{repository}")

    def manifest(self, repository: str, reference: str) -> tuple[str, bytes] | None:
        """Media type and content of a manifest, or ``None`` where the registry has none."""
        answer = self._request("GET", repository, f"{self._base}/v2/{repository}/manifests/{reference}")
        if answer.status_code == 404:
            return None
        _expect(answer, 200, f"reading manifest {reference} in {self.host}/{repository}")
        return answer.headers["Content-Type"], answer.content

    def _request(
        self, method: str, repository: str, url: str, content: bytes = b"", media_type: str = ""
    ) -> requests.Response:
        headers = {"Accept": ACCEPT, "Authorization": self._authorization(repository)}
        if media_type:
            headers["Content-Type"] = media_type
        try:
            return self._session.request(method, url, data=content, headers=headers, timeout=_DEADLINE)
        except requests.RequestException as error:
            raise CopyFailed(f'{method.capitalize()} "{url}": {_reason(error)}') from error

    def _authorization(self, repository: str) -> str | None:
        if self._challenge.startswith("Basic"):
            return _basic(self._login)
        if not self._challenge.startswith("Bearer"):
            return None
        if repository not in self._tokens:
            self._tokens[repository] = self._token(repository)
        return f"Bearer {self._tokens[repository]}"

    def _token(self, repository: str) -> str:
        challenge = dict(re.findall(r'(\w+)="([^"]*)"', self._challenge))
        scope = quote(f"repository:{repository}:pull,push", safe="")
        account = f"account={quote(self._login.username, safe='')}&" if self._login.username else ""
        url = f"{challenge['realm']}?{account}scope={scope}&service={quote(challenge.get('service', ''), safe='')}"
        try:
            answer = self._session.get(url, headers={"Authorization": _basic(self._login)}, timeout=_DEADLINE)
        except requests.RequestException as error:
            raise CopyFailed(f'Get "{url}": {_reason(error)}') from error
        if answer.status_code == 401:
            raise CopyFailed("unable to retrieve auth token: invalid username/password: unauthorized")
        if answer.status_code != 200:
            raise CopyFailed(f"Requesting bearer token: invalid status code from registry {_status(answer)}")
        body: dict[str, Any] = answer.json()
        return str(body.get("token") or body.get("access_token"))


class _Trusting(HTTPAdapter):
    """Trusts what the login says, instead of the bundle requests carries."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs, ssl_context=self._context)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        return None


def _session(login: Login) -> requests.Session:
    context = ssl.create_default_context()
    for file in sorted(login.certs_path.glob("*.crt")) if login.certs_path else []:
        context.load_verify_locations(cafile=str(file))
    session = requests.Session()
    session.trust_env = False
    session.headers["User-Agent"] = "kubekey"
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    if login.insecure:
        context.check_hostname = False
        session.verify = False
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    session.mount("https://", _Trusting(context))
    return session


def _basic(login: Login) -> str | None:
    if not login.username:
        return None
    pair = f"{login.username}:{login.password}".encode()
    return f"Basic {base64.b64encode(pair).decode()}"


def _expect(answer: requests.Response, status: int, doing: str) -> None:
    if answer.status_code == status:
        return
    if answer.status_code >= 500:
        phrase = HTTPStatus(answer.status_code).phrase
        raise CopyFailed(f"{doing}: received unexpected HTTP status: {answer.status_code} {phrase}")
    raise CopyFailed(f"{doing}: {_refusal(answer)}")


def _refusal(answer: requests.Response) -> str:
    """``code: message`` of the registry's first error."""
    try:
        error = answer.json()["errors"][0]
        code, message = str(error["code"]), str(error["message"])
    except (ValueError, LookupError, TypeError):
        return f"error parsing HTTP {answer.status_code} response body: {answer.text[:200]!r}"
    return f"{code.lower().replace('_', ' ') if _SAYS_ITSELF.fullmatch(code) else 'unknown'}: {message}"


def _status(answer: requests.Response) -> str:
    return f"{answer.status_code} ({HTTPStatus(answer.status_code).phrase})"


def _reason(error: requests.RequestException) -> str:
    """What Go's net/http says for the same failure; matched on the text, for requests wraps it several times."""
    text = str(error)
    address = urlsplit(str(error.request.url) if error.request else "")
    dialled = f"dial tcp {address.hostname}:{address.port or (443 if address.scheme == 'https' else 80)}"
    for found, reason in (
        ("Connection refused", f"{dialled}: connect: connection refused"),
        ("CERTIFICATE_VERIFY_FAILED", f"tls: failed to verify certificate: x509: {_certificate(text)}"),
        ("SSL", "http: server gave HTTP response to HTTPS client"),
        ("NameResolutionError", f"dial tcp: lookup {address.hostname}: no such host"),
        ("timed out", f"{dialled}: i/o timeout"),
        ("reset by peer", "read: connection reset by peer"),
    ):
        if found in text:
            return reason
    return "EOF"


def _certificate(text: str) -> str:
    if "mismatch" in text or "not valid for" in text:
        return "certificate is not valid for the name"
    if "expired" in text:
        return "certificate has expired or is not yet valid"
    return "certificate signed by unknown authority"
