"""The ``images/`` folder of kk's artifact: written as ``kk artifact export`` does, pushed as kk pushes it.

    oci-layout             {"imageLayoutVersion":"1.0.0"}
    index.json             one entry per image AND architecture, named in an annotation, without a platform
    blobs/sha256/<hex>     configs, layers and OCI manifests

A push copies each entry to ``<private registry>/<namespace>/<name>:<tag>-<arch>`` (the source host is replaced, the
namespace kept), then puts one docker manifest list per image under ``<tag>``. The bytes of that list are those of kk:
a test rebuilds lists whose digests stand in recordings.

Not done: a transport to a docker daemon; the order of the lists, which in kk changes from run to run.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from fleetforge.fleet.oci import (
    DOCKER_LIST,
    OCI_MANIFEST,
    REF_NAME,
    blobs_of,
    digest_of,
    joined_ref_name,
    split_ref_name,
)
from fleetforge.rehearsal.images import TinyImage, tiny_image
from fleetforge.rehearsal.registry.client import CopyFailed, Login, RegistryClient

Say = Callable[[str], None]
ATTEMPTS = 5
"""kk copies an image this often, without a pause."""


@dataclass(frozen=True, slots=True)
class Voice:
    """Where kk's words go: ``out`` a line of stdout, ``log`` a kk log line without its time, ``err`` logrus' own line,
    of which only the message is given (``time="…" level=info msg="<text>"`` on stderr)."""

    out: Say
    log: Say
    err: Say


@dataclass(frozen=True, slots=True)
class Member:
    """One architecture of an image that was copied: the full name with the arch tag, and the platform's words."""

    image: str
    arch: str


class LayoutUnreadable(Exception):
    """``index.json`` cannot be used. The text is kk's cause, with the literal ``%s`` kk's final error line has; in the
    log's ``message:`` block kk prints it through a format, where ``%s`` becomes ``%!s(MISSING)``."""


def add_image(layout: Path, image: str, arch: str, out: Say, content: TinyImage | None = None) -> None:
    """``image`` for ``arch`` is in the layout, replacing an entry of the same name; ``out`` gets the copy's lines."""
    content = content or tiny_image(image, arch)
    blobs = layout / "blobs" / "sha256"
    blobs.mkdir(parents=True, exist_ok=True)
    out("Getting image source signatures")
    for layer in content.layers:
        out(f"Copying blob {digest_of(layer)}")
    out(f"Copying config {digest_of(content.config)}")
    out("Writing manifest to image destination")
    for digest, data in {**content.blobs, content.digest: content.manifest}.items():
        (blobs / digest.removeprefix("sha256:")).write_bytes(data)
    (layout / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    _add_entry(layout / "index.json", content, joined_ref_name(image, arch))
    out("Storing signatures")


def write_layout(layout: Path, images: Iterable[str], arches: Iterable[str]) -> None:
    """A whole layout of tiny images, in kk's order: all architectures of an image before the next image."""
    wanted = list(arches)
    for image in images:
        for arch in wanted:
            add_image(layout, image, arch, out=lambda line: None)


def read_index(layout: Path) -> dict[str, Any]:
    """The parsed ``index.json``; ``LayoutUnreadable`` with kk's (Go's) words when it is absent or damaged."""
    path = layout / "index.json"
    try:
        text = path.read_text()
    except OSError as error:
        reason = f"open {path}: no such file or directory"
        raise LayoutUnreadable(f"read index.json failed: {reason}") from error
    try:
        index: dict[str, Any] = json.loads(text)
    except json.JSONDecodeError as error:
        raise LayoutUnreadable(f"unmarshal index.json failed: %s: {_go_json(text, error)}") from error
    return index


def read_blob(layout: Path, digest: str) -> bytes:
    """A blob of the layout; ``CopyFailed`` when the file is absent."""
    path = layout / "blobs" / "sha256" / digest.removeprefix("sha256:")
    try:
        return path.read_bytes()
    except OSError as error:
        raise CopyFailed(f"open {path}: no such file or directory") from error


def copied_images(layout: Path, private_registry: str, login: Login, voice: Voice) -> dict[str, list[Member]]:
    """Every entry of the layout is in the registry under its arch tag: ``{image in the registry: members}``.

    ``private_registry`` is ``host[:port][/prefix]``. ``CopyFailed`` after the fifth failure of one image, all of which
    ``voice.out`` has heard; entries after it were not tried. ``LayoutUnreadable`` before anything is copied.
    """
    lists: dict[str, list[Member]] = {}
    client = RegistryClient(private_registry.partition("/")[0], login)
    try:
        for entry in read_index(layout)["manifests"]:
            name = entry["annotations"][REF_NAME]
            target = "/".join(filter(None, [private_registry, name.partition("/")[2]]))
            image, arch = split_ref_name(target)
            member = Member(target, arch)
            if member not in lists.setdefault(image, []):
                lists[image].append(member)
            voice.log(f"Source: oci:{layout}:{name}")
            voice.log(f"Destination: docker://{target}")
            _copied_with_retries(client, layout, entry["digest"], private_registry, target, voice.out)
    finally:
        client.close()
    return lists


def pushed_lists(lists: dict[str, list[Member]], login: Login, voice: Voice) -> None:
    """One docker manifest list per image. TLS is never verified here, whatever ``login`` says: kk's flaw, kept."""
    insecure = Login(login.username, login.password, plain_http=login.plain_http, skip_tls_verify=True)
    for image, members in lists.items():
        host, _, path = image.partition("/")
        repository, _, tag = path.rpartition(":")
        voice.log(f"Push multi-arch manifest list: {image}")
        voice.err("Retrieving digests of member images")
        client = RegistryClient(host, insecure)
        try:
            client.ping()
            content = manifest_list(_described(client, repository, member) for member in members)
            client.put_manifest(repository, tag, DOCKER_LIST, content)
        except CopyFailed as error:
            raise CopyFailed(f"push image {image} multi-arch manifest failed: {error}") from error
        finally:
            client.close()
        voice.log(f"Digest: {digest_of(content)} Length: {len(content)}")


def manifest_list(members: Iterable[tuple[str, str, int, str]]) -> bytes:
    """The list kk pushes, byte for byte. ``members`` are ``(media type, digest, size in bytes, arch)``."""
    entries = []
    for media_type, digest, size, arch in members:
        architecture, _, variant = arch.partition("/")
        platform = {"architecture": architecture, "os": "linux", **({"variant": variant} if variant else {})}
        entries.append({"mediaType": media_type, "size": size, "digest": digest, "platform": platform})
    return json.dumps({"schemaVersion": 2, "mediaType": DOCKER_LIST, "manifests": entries}, indent=2).encode()


def _described(client: RegistryClient, repository: str, member: Member) -> tuple[str, str, int, str]:
    found = client.manifest(repository, member.image.rpartition(":")[2])
    if found is None:
        raise CopyFailed("all entries were skipped due to missing source image references; no manifest list to push")
    media_type, content = found
    return media_type, digest_of(content), len(content), member.arch


def _copied_with_retries(
    client: RegistryClient, layout: Path, digest: str, registry: str, target: str, out: Say
) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return _copied(client, layout, digest, registry, target, out)
        except CopyFailed as error:
            out(str(error))
            if attempt == ATTEMPTS:
                raise


def _copied(client: RegistryClient, layout: Path, digest: str, registry: str, target: str, out: Say) -> None:
    """One image, one attempt; the lines of a blob come out when its fate is known, as in the recordings."""
    repository, _, tag = target.partition("/")[2].rpartition(":")
    manifest = read_blob(layout, digest)
    config, *layers = blobs_of(json.loads(manifest))
    out("Getting image source signatures")
    for kind, blob in [*(("blob", layer) for layer in layers), ("config", config)]:
        try:
            if not registry:
                raise CopyFailed(_NO_REGISTRY)
            if kind == "blob":
                client.ping()
            present = client.has_blob(repository, blob)
        except CopyFailed as error:
            raise CopyFailed(f"trying to reuse blob {blob} at destination: {error}") from error
        out(f"Copying {kind} {blob}")
        if not present:
            _said("writing blob", partial(client.upload_blob, repository, blob, read_blob(layout, blob)))
    out("Writing manifest to image destination")
    _said("writing manifest", partial(client.put_manifest, repository, tag, OCI_MANIFEST, manifest))
    out("Storing signatures")


_NO_REGISTRY = (
    'pinging container registry registry-1.docker.io: Get "https://registry-1.docker.io/v2/": '
    "dial tcp: lookup registry-1.docker.io: no such host"
)
"""Without a private registry kk turns to Docker Hub; a rehearsal never does."""


def _said(doing: str, act: Callable[[], None]) -> None:
    try:
        act()
    except CopyFailed as error:
        raise CopyFailed(f"{doing}: {error}") from error


def _add_entry(path: Path, content: TinyImage, name: str) -> None:
    index: dict[str, Any] = {"schemaVersion": 2, "manifests": []}
    if path.exists():
        index = json.loads(path.read_text())
    others = [entry for entry in index["manifests"] if entry["annotations"][REF_NAME] != name]
    size, annotations = len(content.manifest), {REF_NAME: name}
    entry = {"mediaType": OCI_MANIFEST, "digest": content.digest, "size": size, "annotations": annotations}
    path.write_text(json.dumps({**index, "manifests": [*others, entry]}, separators=(",", ":")))


def _go_json(text: str, error: json.JSONDecodeError) -> str:
    """Go's complaint about the same text."""
    rest = text[error.pos :].lstrip()
    if not rest:
        return "unexpected end of JSON input"
    where = "after top-level value" if error.msg == "Extra data" else "looking for beginning of value"
    return f"invalid character {rest[0]!r} {where}"
