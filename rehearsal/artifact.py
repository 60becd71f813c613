"""kk's artifact file: a tar.gz packed and unpacked as kk v3.1.7 does, with stand-ins for the programs in it.

Packing takes regular files only, without folders and without a leading ``./``, folder by folder in byte order of the
names. Unpacking keeps kk's flaw under a plain name. Checksums of the stand-in programs are not those of the real ones;
ISO images of operating systems are a line of text.
"""

from __future__ import annotations

import os
import tarfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from fleetforge.rehearsal.images import tiny_file

Say = Callable[[str], None]

_ARCHES_OF_HARBOR = ("amd64",)


@dataclass(frozen=True, slots=True)
class Component:
    """One file of an artifact: kk's name for it in "downloading <arch> <id> <version> ...", and its path."""

    id: str
    version: str
    arch: str
    path: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """The part of a manifest's ``spec`` that decides about files; ``systems`` are ``(arch, id, version)``."""

    arches: tuple[str, ...]
    kubernetes_versions: tuple[str, ...]
    components: Mapping[str, Any] = field(default_factory=dict)
    systems: tuple[tuple[str, str, str], ...] = ()


def components_of(wanted: Wanted) -> tuple[Component, ...]:
    """Every program of the manifest for every architecture, in the order kk downloads them.

    Harbor and docker-compose exist for amd64 only: for other architectures kk logs a warning and leaves them out.
    """
    return tuple(component for arch in wanted.arches for component in _components(wanted, arch))


def left_out(wanted: Wanted) -> tuple[tuple[str, str], ...]:
    """``(component, arch)`` that the manifest asks for and kk cannot give."""
    asked = [name for name in ("harbor", "docker-compose") if _version(wanted, name)]
    return tuple((name, arch) for arch in wanted.arches if arch not in _ARCHES_OF_HARBOR for name in asked)


def write_components(directory: Path, wanted: Wanted) -> tuple[Component, ...]:
    """Stand-in files for all components, and for the ISO of every operating system, below ``directory``."""
    components = components_of(wanted)
    for component in components:
        _write(directory / component.path, f"{component.id} {component.version} linux/{component.arch}")
    for arch, system, version in wanted.systems:
        path = f"repository/{arch}/{system}/{version}/{system}-{version}-{arch}.iso"
        _write(directory / path, f"{system} {version} {arch} packages")
    return components


def pack(directory: Path, artifact: Path, say: Say) -> None:
    """``artifact`` holds every regular file below ``directory``; ``say`` gets each member's name, as kk's stdout."""
    with tarfile.open(artifact, "w:gz", format=tarfile.PAX_FORMAT) as archive:
        for path in _walk(directory):
            name = path.relative_to(directory).as_posix()
            say(name)
            archive.add(path, arcname=name, recursive=False)


def unpack_without_truncating(artifact: Path, directory: Path, say: Say) -> None:
    """Unpack as kk does, flaw included: a file that was longer keeps its old tail, and files of an older artifact stay.

    ``say`` gets each written path. ``tarfile.ReadError`` for a file that is no gzip or ends early, with every member
    before the damage already written; ``FileNotFoundError`` when there is no artifact.
    """
    for member, content in _members(artifact):
        path = directory / member.name
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_CREAT | os.O_RDWR, member.mode)
        with os.fdopen(handle, "r+b") as file:
            file.write(content)
        say(str(path))


def go_reason(error: Exception, artifact: Path | str) -> str:
    """Go's words for a failed unpack, for kk's ``unArchive <artifact> failed: …``."""
    if isinstance(error, FileNotFoundError):
        return f"open {artifact}: no such file or directory"
    if "not a gzip file" in str(error):
        return "gzip: invalid header"
    return "unexpected EOF"


def _components(wanted: Wanted, arch: str) -> Iterator[Component]:
    for version in wanted.kubernetes_versions:
        for name in ("kubeadm", "kubelet", "kubectl"):
            yield Component(name, version, arch, f"kube/{version}/{arch}/{name}")
    for name in ("etcd", "cni", "helm", "crictl", "calicoctl"):
        if version := _version(wanted, name):
            yield _component(_KK_NAMES.get(name, name), version, arch)
    for runtime in wanted.components.get("containerRuntimes") or []:
        yield _component(runtime["type"], runtime["version"], arch)
        if companion := _COMPANIONS.get(runtime["type"]):
            yield _component(*companion, arch)
    yield from _registry_components(wanted, arch)


def _registry_components(wanted: Wanted, arch: str) -> Iterator[Component]:
    """kk takes the versions compiled into it here, whatever the manifest says; compose brings a docker along."""
    if _version(wanted, "docker-registry"):
        yield _component("registry", "2", arch)
    if arch not in _ARCHES_OF_HARBOR:
        return
    if _version(wanted, "harbor"):
        yield _component("harbor", "v2.10.1", arch)
    if _version(wanted, "docker-compose"):
        yield _component("compose", "v2.26.1", arch)
        yield _component("docker", "24.0.9", arch)


def _component(name: str, version: str, arch: str) -> Component:
    return Component(name, version, arch, _PATHS[name].format(v=version, a=arch))


def _version(wanted: Wanted, name: str) -> str:
    return str((wanted.components.get(name) or {}).get("version") or "")


_KK_NAMES = {"cni": "kubecni"}
_COMPANIONS = {"docker": ("cri-dockerd", "0.3.10"), "containerd": ("runc", "v1.1.12")}
"""What kk adds to a runtime, in the version compiled into v3.1.7."""

_PATHS = {
    "etcd": "etcd/{v}/{a}/etcd-{v}-linux-{a}.tar.gz",
    "kubecni": "cni/{v}/{a}/cni-plugins-linux-{a}-{v}.tgz",
    "helm": "helm/{v}/{a}/helm",
    "crictl": "crictl/{v}/{a}/crictl-{v}-linux-{a}.tar.gz",
    "calicoctl": "cni/{v}/{a}/calicoctl",
    "docker": "docker/{v}/{a}/docker-{v}.tgz",
    "cri-dockerd": "cri-dockerd/{v}/{a}/cri-dockerd-{v}.tgz",
    "containerd": "containerd/{v}/{a}/containerd-{v}-linux-{a}.tar.gz",
    "runc": "runc/{v}/{a}/runc.{a}",
    "registry": "registry/registry/{v}/{a}/registry-{v}-linux-{a}.tar.gz",
    "harbor": "registry/harbor/{v}/{a}/harbor-offline-installer-{v}.tgz",
    "compose": "registry/compose/{v}/{a}/docker-compose-linux-x86_64",
}


def _walk(directory: Path) -> Iterator[Path]:
    for path in sorted(directory.iterdir(), key=lambda found: os.fsencode(found.name)):
        if path.is_dir() and not path.is_symlink():
            yield from _walk(path)
        elif path.is_file() and not path.is_symlink():
            yield path


def _members(artifact: Path) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    try:
        with tarfile.open(artifact, "r|gz") as archive:
            for member in archive:
                name = PurePosixPath(member.name)
                if member.isreg() and not name.is_absolute() and ".." not in name.parts:
                    content = archive.extractfile(member)
                    assert content is not None
                    yield member, content.read()
    except EOFError as error:
        raise tarfile.ReadError("unexpected end of data") from error


def _write(path: Path, label: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(tiny_file(label))
    path.chmod(0o755)
