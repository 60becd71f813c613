"""Where the registry keeps what was pushed: files under one directory, so a restarted server still has them.

    blobs/sha256/<hex>                      content of blobs and manifests, once for all repositories
    repositories/<name>/_layers/<hex>       empty; the repository may serve this blob
    repositories/<name>/_manifests/<hex>    the manifest's media type
    repositories/<name>/_tags/<tag>         the digest the tag points at
    uploads/<uuid>                          unfinished uploads, dropped when the server starts

Every file appears by an atomic rename. Nothing is ever collected: a deleted manifest leaves its blobs behind, as in a
registry before its garbage collection ran.
"""

from __future__ import annotations

import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

from fleetforge.fleet.oci import digest_of, is_digest


@dataclass(frozen=True, slots=True)
class StoredManifest:
    """A manifest as it was pushed. ``pushed`` is seconds since the epoch."""

    digest: str
    media_type: str
    content: bytes
    pushed: float


def written_atomically(path: Path, content: bytes) -> None:
    """``path`` holds ``content``, or what it held before, whenever the process dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    draft.write_bytes(content)
    draft.replace(path)


class Store:
    """Blobs, manifests and tags on disk. Repository names are checked by the caller before they become paths."""

    def __init__(self, directory: Path) -> None:
        self._blobs = directory / "blobs" / "sha256"
        self._repositories = directory / "repositories"
        self._uploads = directory / "uploads"
        for path in (self._blobs, self._repositories):
            path.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self._uploads, ignore_errors=True)
        self._uploads.mkdir()

    def blob(self, repository: str, digest: str) -> Path | None:
        """The blob's file, if this repository may serve it; another repository's blob is unknown here."""
        path = self._content(digest)
        return path if self._link(repository, "_layers", digest).exists() and path.exists() else None

    def mounted(self, repository: str, digest: str, source: str) -> bool:
        """Whether ``source`` had the blob; then ``repository`` has it too."""
        if self.blob(source, digest) is None:
            return False
        written_atomically(self._link(repository, "_layers", digest), b"")
        return True

    def new_upload(self) -> str:
        """The id of a new, empty upload."""
        upload = str(uuid.uuid4())
        (self._uploads / upload).touch()
        return upload

    def upload(self, upload: str) -> Path | None:
        """The file of an unfinished upload."""
        try:
            path = self._uploads / str(uuid.UUID(upload))
        except ValueError:
            return None
        return path if path.exists() else None

    def commit_upload(self, repository: str, upload: Path, digest: str) -> None:
        """The upload becomes a blob of the repository. Its content must have been verified."""
        upload.replace(self._content(digest))
        written_atomically(self._link(repository, "_layers", digest), b"")

    def put_manifest(self, repository: str, reference: str, media_type: str, content: bytes) -> str:
        """Store a verified manifest, tag it when ``reference`` is a tag, and return its digest."""
        digest = digest_of(content)
        written_atomically(self._content(digest), content)
        written_atomically(self._link(repository, "_manifests", digest), media_type.encode())
        if not is_digest(reference):
            written_atomically(self._repositories / repository / "_tags" / reference, digest.encode())
        return digest

    def manifest(self, repository: str, reference: str) -> StoredManifest | None:
        """The manifest behind a tag or digest of the repository."""
        digest = reference if is_digest(reference) else self._tagged(repository, reference)
        link = self._link(repository, "_manifests", digest) if digest else None
        if not digest or not link or not link.exists():
            return None
        return StoredManifest(digest, link.read_text(), self._content(digest).read_bytes(), link.stat().st_mtime)

    def deleted_manifest(self, repository: str, digest: str) -> bool:
        """Whether the manifest existed; it and every tag on it are gone now."""
        link = self._link(repository, "_manifests", digest)
        if not link.exists():
            return False
        for tag in self.tags(repository):
            if self._tagged(repository, tag) == digest:
                (self._repositories / repository / "_tags" / tag).unlink()
        link.unlink()
        return True

    def tags(self, repository: str) -> list[str]:
        """The repository's tags, sorted."""
        return _names(self._repositories / repository / "_tags")

    def manifests(self, repository: str) -> list[StoredManifest]:
        """Every manifest of the repository, tagged or not, the latest push first."""
        digests = [f"sha256:{name}" for name in _names(self._repositories / repository / "_manifests")]
        found = [manifest for digest in digests if (manifest := self.manifest(repository, digest))]
        return sorted(found, key=lambda manifest: -manifest.pushed)

    def repositories(self) -> list[str]:
        """The repositories that hold at least one manifest, sorted."""
        folders = [path for path in self._repositories.rglob("_manifests") if _names(path)]
        return sorted(str(path.parent.relative_to(self._repositories)) for path in folders)

    def known(self, repository: str) -> bool:
        """Whether a manifest was ever pushed to the repository."""
        return (self._repositories / repository / "_manifests").is_dir()

    def _tagged(self, repository: str, tag: str) -> str | None:
        path = self._repositories / repository / "_tags" / tag
        return path.read_text() if path.is_file() else None

    def _content(self, digest: str) -> Path:
        return self._blobs / digest.removeprefix("sha256:")

    def _link(self, repository: str, kind: str, digest: str) -> Path:
        return self._repositories / repository / kind / digest.removeprefix("sha256:")


def _names(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
