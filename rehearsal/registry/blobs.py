"""The blob half of the distribution API: get, head, delete, and the three ways to upload.

Behaves as distribution 2.8: a ``digest`` on the opening POST is ignored (202, an ordinary upload); a mount whose source
is not there falls back to an upload; the digest is verified when the upload is closed.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from aiohttp import web

from fleetforge.fleet.oci import is_digest
from fleetforge.rehearsal.registry.failures import registry_refusal
from fleetforge.rehearsal.registry.store import Store

_CHUNK = 64 * 1024


class Blobs:
    """Handlers for ``/v2/<name>/blobs/…``. ``absolute`` says whether ``Location`` names the host."""

    def __init__(self, store: Store, *, absolute: bool) -> None:
        self._store = store
        self._absolute = absolute

    def routes(self) -> Iterable[web.RouteDef]:
        """In the order they must be tried: uploads before digests."""
        for start in ("/v2/{name:.+}/blobs/uploads/", "/v2/{name:.+}/blobs/uploads"):
            yield web.post(start, self.opened)
        upload = "/v2/{name:.+}/blobs/uploads/{upload}"
        yield web.get(upload, self.progress, allow_head=False)
        yield web.patch(upload, self.appended)
        yield web.put(upload, self.closed)
        yield web.delete(upload, self.cancelled)
        yield web.get("/v2/{name:.+}/blobs/{digest}", self.content)

    async def content(self, request: web.Request) -> web.Response:
        """GET (whole, or one range with 206) and HEAD."""
        digest = _digest(request.match_info["digest"])
        path = self._store.blob(request.match_info["name"], digest)
        if path is None:
            raise registry_refusal("BLOB_UNKNOWN", digest)
        headers = {
            "Content-Type": "application/octet-stream",
            "Docker-Content-Digest": digest,
            "Etag": f'"{digest}"',
            "Accept-Ranges": "bytes",
            "Cache-Control": "max-age=31536000",
        }
        return await asyncio.to_thread(_ranged, request, path, headers)

    async def opened(self, request: web.Request) -> web.Response:
        """POST: 201 when the blob could be mounted from another repository, otherwise 202 and an upload."""
        name, query = request.match_info["name"], request.query
        mount, source = query.get("mount", ""), query.get("from", "")
        if is_digest(mount) and source and self._store.mounted(name, mount, source):
            return self._created(request, name, mount)
        return self._upload_state(request, name, self._store.new_upload(), size=0, status=202)

    async def progress(self, request: web.Request) -> web.Response:
        """GET: 204 and how much has arrived."""
        name, upload = request.match_info["name"], request.match_info["upload"]
        return self._upload_state(request, name, upload, size=self._file(request).stat().st_size, status=204)

    async def appended(self, request: web.Request) -> web.Response:
        """PATCH: the body is appended. A ``Content-Range`` that does not start at the end is 416."""
        path = self._file(request)
        _check_start(request.headers.get("Content-Range", ""), path.stat().st_size)
        await _append(request, path)
        name, upload = request.match_info["name"], request.match_info["upload"]
        return self._upload_state(request, name, upload, size=path.stat().st_size, status=202)

    async def closed(self, request: web.Request) -> web.Response:
        """PUT ``?digest=``: the body is appended, the whole is verified and becomes a blob. A wrong digest drops it."""
        path, name = self._file(request), request.match_info["name"]
        digest = request.query.get("digest", "")
        if not is_digest(digest):
            raise registry_refusal("DIGEST_INVALID", "digest parsing failed" if digest else "digest missing")
        await _append(request, path)
        if await asyncio.to_thread(_file_digest, path) != digest:
            path.unlink()
            raise registry_refusal("DIGEST_INVALID", {"Digest": digest, "Reason": {}})
        self._store.commit_upload(name, path, digest)
        return self._created(request, name, digest)

    async def cancelled(self, request: web.Request) -> web.Response:
        """DELETE: the upload is forgotten."""
        self._file(request).unlink()
        return web.Response(status=204, headers={"Docker-Upload-UUID": request.match_info["upload"]})

    def _file(self, request: web.Request) -> Path:
        path = self._store.upload(request.match_info["upload"])
        if path is None:
            raise registry_refusal("BLOB_UPLOAD_UNKNOWN")
        return path

    def _upload_state(self, request: web.Request, name: str, upload: str, *, size: int, status: int) -> web.Response:
        headers = {
            "Location": self._location(request, f"/v2/{name}/blobs/uploads/{upload}"),
            "Range": f"0-{max(size - 1, 0)}",
            "Docker-Upload-UUID": upload,
        }
        return web.Response(status=status, headers=headers)

    def _created(self, request: web.Request, name: str, digest: str) -> web.Response:
        location = self._location(request, f"/v2/{name}/blobs/{digest}")
        return web.Response(status=201, headers={"Location": location, "Docker-Content-Digest": digest})

    def _location(self, request: web.Request, path: str) -> str:
        return f"{request.scheme}://{request.host}{path}" if self._absolute else path


def _digest(text: str) -> str:
    if not is_digest(text):
        raise registry_refusal("DIGEST_INVALID", "digest parsing failed")
    return text


def _ranged(request: web.Request, path: Path, headers: dict[str, str]) -> web.Response:
    size = path.stat().st_size
    try:
        wanted = range(size)[request.http_range]
    except ValueError:
        wanted = range(0)
    if size and not wanted:
        return web.Response(status=416, headers={"Content-Range": f"bytes */{size}"})
    with path.open("rb") as file:
        file.seek(wanted.start)
        body = file.read(len(wanted))
    if "Range" not in request.headers:
        return web.Response(body=body, headers=headers)
    return web.Response(
        status=206, body=body, headers={**headers, "Content-Range": f"bytes {wanted.start}-{wanted.stop - 1}/{size}"}
    )


def _check_start(content_range: str, offset: int) -> None:
    found = re.match(r"(?:bytes )?(\d+)-", content_range)
    if found and int(found.group(1)) != offset:
        raise registry_refusal("RANGE_INVALID")


async def _append(request: web.Request, path: Path) -> None:
    with path.open("ab") as file:
        async for chunk in request.content.iter_chunked(_CHUNK):
            file.write(chunk)


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
