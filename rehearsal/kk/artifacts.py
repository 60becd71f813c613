"""The artifact in kk's hands: unpacked into a work directory, its images pushed."""

from __future__ import annotations

import hashlib
import tarfile
from pathlib import Path

from fleetforge.fleet.kk_cluster import ClusterConfig
from fleetforge.rehearsal.artifact import go_reason, unpack_without_truncating
from fleetforge.rehearsal.kk.run import LOCAL, SKIPPED, Pipeline, Stopped, TaskFailed
from fleetforge.rehearsal.oci_layout import LayoutUnreadable, Member, Voice, copied_images, pushed_lists
from fleetforge.rehearsal.registry.client import CopyFailed, Login


async def unpacked(pipeline: Pipeline, work: Path, artifact: str) -> None:
    """UnArchiveArtifactModule; the same file again is skipped by its md5."""
    module, kept, state = "UnArchiveArtifactModule", work / "artifact.md5", {"same": False, "md5": ""}

    async def check(host: str) -> str | None:
        if Path(artifact).is_file():
            state["md5"] = hashlib.md5(Path(artifact).read_bytes(), usedforsecurity=False).hexdigest()
        elif kept.exists():
            pipeline.console.log(f"[FATA] get file md5 failed open {artifact}: no such file or directory")
            raise Stopped(1)
        state["same"] = kept.exists() and kept.read_text() == state["md5"]
        return None

    async def unpack(host: str) -> str | None:
        if state["same"]:
            return SKIPPED
        try:
            unpack_without_truncating(Path(artifact), work, pipeline.console.out)
        except (OSError, tarfile.TarError) as error:
            raise TaskFailed(f"unArchive {artifact} failed: {go_reason(error, artifact)}") from error
        return None

    async def remember(host: str) -> str | None:
        if state["same"]:
            return SKIPPED
        kept.write_text(str(state["md5"]))
        return None

    await pipeline.task(module, "Check the KubeKey artifact md5 value", [LOCAL], check)
    await pipeline.task(module, "UnArchive the KubeKey artifact", [LOCAL], unpack, name="UnArchiveArtifact")
    await pipeline.task(module, "Create the KubeKey artifact Md5 file", [LOCAL], remember)


async def pushed(pipeline: Pipeline, layout: Path, config: ClusterConfig) -> None:
    """CopyImagesToRegistryModule, with kk's flaw: a failed copy is told as success, and the lists then are missing."""
    module, login = "CopyImagesToRegistryModule", login_of(config)
    console = pipeline.console
    voice = Voice(console.out, console.log, console.library)
    copied: dict[str, list[Member]] = {}

    async def copy(host: str) -> str | None:
        try:
            copied.update(copied_images(layout, config.registry.private_registry, login, voice))
        except CopyFailed:
            return None
        except LayoutUnreadable as error:
            raise TaskFailed(str(error)) from error
        return None

    async def push(host: str) -> str | None:
        if not copied:
            raise TaskFailed("get manifest list failed by module cache")
        try:
            pushed_lists(copied, login, voice)
        except CopyFailed as error:
            raise TaskFailed(str(error)) from error
        return None

    title = "Copy images to a private registry from an artifact OCI Path"
    await pipeline.task(module, title, [LOCAL], copy, name="CopyImagesToRegistry")
    await pipeline.task(module, "Push multi-arch manifest to private registry", [LOCAL], push, name="PushManifest")


def login_of(config: ClusterConfig) -> Login:
    """The config's login for its private registry."""
    auth = config.registry.auths.get(config.registry.host)
    if auth is None:
        return Login()
    certs = Path(auth.certs_path) if auth.certs_path else None
    return Login(auth.username, auth.password, auth.plain_http, auth.skip_tls_verify, certs)
