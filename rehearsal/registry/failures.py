"""The refusals of a registry and of Harbor, in the bodies real ones send.

Both use ``{"errors": [{"code", "message"}]}``; the registry adds ``detail``. Texts and status codes are those of
distribution 2.8 and Harbor 2.10.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from aiohttp import web

_REGISTRY: dict[str, tuple[int, str]] = {
    "BLOB_UNKNOWN": (404, "blob unknown to registry"),
    "BLOB_UPLOAD_INVALID": (404, "blob upload invalid"),
    "BLOB_UPLOAD_UNKNOWN": (404, "blob upload unknown to registry"),
    "DIGEST_INVALID": (400, "provided digest did not match uploaded content"),
    "MANIFEST_BLOB_UNKNOWN": (400, "blob unknown to registry"),
    "MANIFEST_INVALID": (400, "manifest invalid"),
    "MANIFEST_UNKNOWN": (404, "manifest unknown"),
    "NAME_INVALID": (400, "invalid repository name"),
    "NAME_UNKNOWN": (404, "repository name not known to registry"),
    "PAGINATION_NUMBER_INVALID": (400, "invalid number of results requested"),
    "RANGE_INVALID": (416, "invalid content range"),
    "TAG_INVALID": (400, "manifest tag did not match URI"),
    "UNAVAILABLE": (503, "service unavailable"),
}


class Refusal(Exception):
    """A request that ends in an error answer. Raised anywhere below a handler, answered by the middleware."""

    def __init__(self, status: int, errors: list[dict[str, Any]], headers: dict[str, str] | None = None) -> None:
        super().__init__(f"{status} {errors}")
        self.status = status
        self.errors = errors
        self.headers = headers or {}

    def response(self) -> web.Response:
        """The JSON answer, with a final newline as Go's servers write it."""
        body = json.dumps({"errors": self.errors}, separators=(",", ":")) + "\n"
        return web.Response(
            status=self.status,
            body=body.encode(),
            headers={**self.headers, "Content-Type": "application/json; charset=utf-8"},
        )


def registry_refusal(code: str, detail: Any = None, message: str = "") -> Refusal:
    """One of the registry's own errors, such as ``registry_refusal("BLOB_UNKNOWN", "sha256:…")``."""
    status, text = _REGISTRY[code]
    error = {"code": code, "message": message or text}
    return Refusal(status, [error if detail is None else {**error, "detail": detail}])


def blobs_missing(digests: list[str]) -> Refusal:
    """A manifest names content that was not pushed before it: one error per digest."""
    status, text = _REGISTRY["MANIFEST_BLOB_UNKNOWN"]
    return Refusal(status, [{"code": "MANIFEST_BLOB_UNKNOWN", "message": text, "detail": digest} for digest in digests])


def harbor_refusal(status: int, message: str, code: str = "", headers: dict[str, str] | None = None) -> Refusal:
    """One of Harbor's errors; the code is the status' name (``NOT_FOUND``) unless Harbor's differs."""
    named = code or HTTPStatus(status).phrase.upper().replace(" ", "_")
    return Refusal(status, [{"code": named, "message": message}], headers)


def injected(status: int, text: str, product: str) -> web.Response:
    """The answer for a fault: what the product sends with this status, or ``text`` as its message.

    502 and 504 come from Harbor's nginx and are HTML; the rest is JSON.
    """
    phrase = HTTPStatus(status).phrase
    if status in (502, 504) and not text:
        page = f"<html>\r\n<head><title>{status} {phrase}</title></head>\r\n<body>\r\n<center><h1>{status} {phrase}"
        return web.Response(
            status=status, text=f"{page}</h1></center>\r\n</body>\r\n</html>\r\n", content_type="text/html"
        )
    if status == 500:
        return harbor_refusal(500, text or "internal server error", "UNKNOWN").response()
    if status == 503 and product == "registry":
        return registry_refusal("UNAVAILABLE", message=text).response()
    return harbor_refusal(status, text or phrase.lower()).response()
