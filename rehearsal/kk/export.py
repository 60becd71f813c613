"""``kk artifact export``: the modules of ArtifactExportPipeline. No image's source is asked: each exists, tiny."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from fleetforge.rehearsal.artifact import Wanted, pack, write_components
from fleetforge.rehearsal.kk.inputs import KkManifest
from fleetforge.rehearsal.kk.questions import asked_to_overwrite
from fleetforge.rehearsal.kk.run import LOCAL, SKIPPED, Pipeline, TaskFailed
from fleetforge.rehearsal.oci_layout import add_image


@dataclass
class Export:
    """One export. ``draft`` is the folder that is packed, and then removed."""

    pipeline: Pipeline
    manifest: KkManifest
    output: Path
    draft: Path

    async def run(self) -> None:
        """Every module; raises what a pipeline raises."""
        task = self.pipeline.task
        copies, downloads = "Copy images to a local OCI path from registries", "Download manifest expect binaries"
        await task("CheckFileExist", "Check output file if existed", [LOCAL], self._check)
        await task("CopyImagesToLocalModule", copies, [LOCAL], self._copy, name="SaveImages")
        await task("ArtifactBinariesModule", downloads, [LOCAL], self._download, name="DownloadBinaries")
        await task("RepositoryModule", "Download iso file into work dir", [LOCAL], self._skip)
        await task("RepositoryModule", "Copy local iso file into artifact dir", [LOCAL])
        await task("ArtifactArchiveModule", "Archive the dependencies", [LOCAL], self._archive)
        await task("ChownOutputModule", "Chown output file", [LOCAL])
        await task("ChownWorkerModule", "Chown ./kubekey dir", [LOCAL])

    async def _check(self, host: str) -> str | None:
        if self.output.exists():
            question = f"{self.output} already exists. Are you sure you want to overwrite this file? [yes/no]: "
            asked_to_overwrite(question)
        return None

    async def _copy(self, host: str) -> str | None:
        shutil.rmtree(self.draft, ignore_errors=True)
        for index, image in enumerate(self.manifest.images):
            if image.count("/") < 2:
                raise TaskFailed(f"image {image} is invalid, image PATH need contain at least two slash-separated")
            for arch in self.manifest.arches:
                self.pipeline.console.log(f"[{index}]Source: docker://{image}")
                self.pipeline.console.log(f"[{index}]Destination: oci:{self.draft / 'images'}:{image}-{arch}")
                add_image(self.draft / "images", image, arch, self.pipeline.console.out)
        return None

    async def _download(self, host: str) -> str | None:
        strange = next((arch for arch in self.manifest.arches if arch not in ("amd64", "arm64")), "")
        if strange:
            raise TaskFailed(f"Unsupported architecture: {strange}")
        found = self.manifest
        for part in write_components(self.draft, Wanted(found.arches, found.kubernetes_versions, found.components)):
            self.pipeline.message("localhost", f"downloading {part.arch} {part.id} {part.version} ...")
        return None

    async def _archive(self, host: str) -> str | None:
        self.draft.mkdir(parents=True, exist_ok=True)
        pack(self.draft, self.output, self.pipeline.console.out)
        shutil.rmtree(self.draft)
        return None

    async def _skip(self, host: str) -> str | None:
        return SKIPPED
