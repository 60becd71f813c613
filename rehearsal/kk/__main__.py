"""A stand-in for KubeKey v3.1.7: its command line, words, exit codes and traps, on a rehearsed site.

    python -m fleetforge.rehearsal.kk SITE.json --program PATH [kk's arguments]

``PATH`` is what kk was called by: its work directory is ``kubekey/`` beside it. Played: version, artifact export,
import and images push, init registry, create cluster. Every other command is parsed as kk parses it, and then refused
in plain words: this stand-in does not play it. Not done either: ``--debug``, ``--ignore-err``, all-in-one mode.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from fleetforge.rehearsal.kk import versions
from fleetforge.rehearsal.kk.arguments import Answered, Arguments, parsed, usage_error

if TYPE_CHECKING:
    from fleetforge.rehearsal.kk.run import Pipeline
    from fleetforge.rehearsal.kk.site_side import SiteSide


Run: TypeAlias = "Callable[[Pipeline], Coroutine[None, None, None]]"


def main(argv: list[str]) -> int:
    """The exit code of ``kk <argv>``."""
    site, program, words = Path(argv[1]), argv[3], argv[4:]
    os.umask(0o022)
    try:
        return _answer(parsed(words), site, _work(program))
    except Answered as answer:
        sys.stdout.write(answer.out)
        sys.stdout.flush()
        sys.stderr.write(answer.err)
        return answer.code


def _work(program: str) -> Path:
    directory = os.path.dirname(program)  # noqa: PTH120 - a bare name has no directory, and that matters
    return (Path(directory).resolve() if directory else Path.cwd()) / "kubekey"


def _answer(arguments: Arguments, site: Path, work: Path) -> int:
    if arguments.command == "version":
        return _version(arguments)
    begin = _COMMANDS.get(arguments.command)
    if begin is None:
        raise Answered(1, err=f"error: this stand-in does not play 'kk {arguments.command}'\n")
    from fleetforge.rehearsal.kk.console import Console
    from fleetforge.rehearsal.kk.run import Pipeline, PipelineFailed, Stopped
    from fleetforge.rehearsal.kk.site_side import SiteSide

    side, console = SiteSide(site), Console(work)
    name, run = begin(arguments, side, work)
    pipeline = Pipeline(name, console, side.pause, side.fault(name))
    console.logo()
    try:
        asyncio.run(run(pipeline))
    except Stopped as end:
        return end.code
    except PipelineFailed as failure:
        console.err(f"error: Pipeline[{name}] execute failed: {failure}\n")
        return 1
    console.log(f"Pipeline[{name}] execute successfully")
    if name == "CreateClusterPipeline":
        console.out(
            "Installation is complete.\n\nPlease check the result using the command:\n\t\n\tkubectl get pod -A\n"
        )
    return 0


def _version(arguments: Arguments) -> int:
    if arguments.on("show-supported-k8s"):
        sys.stdout.write("".join(f"{version}\n" for version in versions.supported_kubernetes()))
        return 0
    text = versions.described(arguments.text("output"))
    if text is None:
        raise usage_error("version", f"invalid output format: {arguments.text('output')}")
    sys.stdout.write(text)
    return 0


def _create_cluster(arguments: Arguments, side: SiteSide, work: Path) -> tuple[str, Run]:
    from fleetforge.rehearsal.kk.create_cluster import Creation
    from fleetforge.rehearsal.kk.inputs import read_config
    from fleetforge.rehearsal.kk.machines import Machines

    if (manager := arguments.text("container-manager")) not in ("docker", "containerd", "crio", "isula"):
        raise Answered(1, err=f"error: unsupport container runtime [{manager}]\n")
    config = read_config(_given(arguments, "filename"), kubernetes=arguments.text("with-kubernetes"))
    asked = arguments.on("with-kubesphere")
    version = (arguments.words[0] if arguments.words else versions.DEFAULT_KUBESPHERE) if asked else ""

    async def run(pipeline: Pipeline) -> None:
        machines = Machines(config.cluster.hosts)
        creation = Creation(pipeline, machines, side, config, work)
        creation.artifact, creation.kubesphere = arguments.text("artifact"), version
        creation.manager = manager if manager != "docker" else config.cluster.container_manager
        creation.yes, creation.push = arguments.on("yes"), not arguments.on("skip-push-images")
        try:
            await creation.run()
        finally:
            machines.close()

    return "CreateClusterPipeline", run


def _init_registry(arguments: Arguments, side: SiteSide, work: Path) -> tuple[str, Run]:
    from fleetforge.rehearsal.kk.init_registry import initialised
    from fleetforge.rehearsal.kk.inputs import fatal, read_config
    from fleetforge.rehearsal.kk.machines import Machines

    config = read_config(_given(arguments, "filename"))
    if not config.names("registry"):
        raise fatal("The number of registry must be greater then 0.")

    async def run(pipeline: Pipeline) -> None:
        machines = Machines(config.cluster.hosts)
        try:
            await initialised(pipeline, machines, side, config, work, arguments.text("artifact"))
        finally:
            machines.close()

    return "InitRegistryPipeline", run


def _images_push(arguments: Arguments, side: SiteSide, work: Path) -> tuple[str, Run]:
    from fleetforge.rehearsal.kk.artifacts import pushed, unpacked
    from fleetforge.rehearsal.kk.inputs import read_config

    if not arguments.text("filename"):
        raise Answered(1, err="error: kubekey config file is required\n")
    if arguments.text("image-transport") == "docker-daemon":
        raise Answered(1, err="error: this stand-in does not play --image-transport docker-daemon\n")
    artifact, images = arguments.text("artifact"), arguments.text("images-dir")
    if artifact and images:
        raise Answered(1, err="error: only one of --image-dir or --artifact can be specified\n")
    config = read_config(arguments.text("filename"))

    async def run(pipeline: Pipeline) -> None:
        if artifact:
            await unpacked(pipeline, work, artifact)
        layout = Path(images) if images else work / "images"
        await pushed(pipeline, layout, config.cluster)
        await pipeline.task("ChownWorkerModule", "Chown ./kubekey dir", ["LocalHost"])

    return "ArtifactImagesPushPipeline", run


def _artifact_export(arguments: Arguments, side: SiteSide, work: Path) -> tuple[str, Run]:
    from fleetforge.rehearsal.kk.export import Export
    from fleetforge.rehearsal.kk.inputs import read_kk_manifest

    if not arguments.text("manifest"):
        raise Answered(1, err="error: --manifest can not be an empty string\n")
    manifest, output = read_kk_manifest(arguments.text("manifest")), Path(arguments.text("output"))

    async def run(pipeline: Pipeline) -> None:
        await Export(pipeline, manifest, output, work / "artifact").run()

    return "ArtifactExportPipeline", run


def _artifact_import(arguments: Arguments, side: SiteSide, work: Path) -> tuple[str, Run]:
    from fleetforge.rehearsal.kk.artifacts import unpacked

    if not arguments.text("artifact"):
        raise Answered(1, err="error: artifact path can not be empty\n")

    async def run(pipeline: Pipeline) -> None:
        await unpacked(pipeline, work, arguments.text("artifact"))

    return "ArtifactImportPipeline", run


def _given(arguments: Arguments, flag: str) -> str:
    """The flag's value; without ``-f`` kk would work on this very machine, which a rehearsal never does."""
    value = arguments.text(flag)
    if not value:
        raise Answered(1, err="error: this stand-in does not play kk's all-in-one mode: give -f\n")
    return value


_COMMANDS = {
    "create cluster": _create_cluster,
    "init registry": _init_registry,
    "artifact images push": _images_push,
    "artifact export": _artifact_export,
    "artifact import": _artifact_import,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv))
