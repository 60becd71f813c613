"""How kk 3.1.x is called: argument lists with the proof of success each of them must give.

``-f`` is never left out (without it kk works on the machine it runs on, and makes SSH keys there); ``-y`` stands where
kk honours it. Overwrite prompts ignore ``-y`` and repeat for ever at the end of input, so a command that writes a file
names it in ``writes``: it must not exist when kk starts.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from fleetforge.fleet.kk_outcome import Expected


@dataclass(frozen=True, slots=True)
class KkCommand:
    """Arguments after ``kk``. Paths are on the control machine; relative ones start at the cluster's directory."""

    arguments: tuple[str, ...]
    expected: Expected = field(default_factory=Expected)
    writes: str = ""
    """File kk creates; must be absent."""
    artifact: str = ""
    """Artifact kk unpacks into its work directory before it does anything else."""

    @property
    def title(self) -> str:
        """The verb for people: ``create cluster``, ``artifact export``, …"""
        words = []
        for argument in self.arguments:
            if argument.startswith("-"):
                break
            words.append(argument)
        return " ".join(words)


def create_cluster(
    config: str, artifact: str = "", *, kubesphere: str = "", push_images: bool = True, local_storage: bool = False
) -> KkCommand:
    """Creates the cluster, or adds what is missing of it.

    ``kubesphere`` ("v3.4.1") asks kk to install KubeSphere; leave it empty when the config carries a
    ``ClusterConfiguration`` document of its own. (The flag takes no value: kk reads the version as an argument.)
    """
    extra = ["--with-kubesphere", kubesphere] if kubesphere else []
    extra += [] if push_images else ["--skip-push-images"]
    extra += ["--with-local-storage"] if local_storage else []
    return _on_cluster("CreateClusterPipeline", ("create", "cluster"), config, artifact, extra)


def add_nodes(config: str, artifact: str = "") -> KkCommand:
    """Joins the hosts of the config that are not nodes yet."""
    return _on_cluster("AddNodesPipeline", ("add", "nodes"), config, artifact)


def delete_node(config: str, node: str) -> KkCommand:
    """Drains and deletes one worker. It stays in the config: the caller must take it out, or it is joined again."""
    return _on_cluster("DeleteNodePipeline", ("delete", "node", node), config)


def delete_cluster(config: str, *, container_runtime_too: bool = False) -> KkCommand:
    """Resets every host of the config; ``container_runtime_too`` also uninstalls the container runtime."""
    extra = ["--all"] if container_runtime_too else []
    return _on_cluster("DeleteClusterPipeline", ("delete", "cluster"), config, extra=extra)


def init_registry(config: str, artifact: str = "") -> KkCommand:
    """Installs the registry on the hosts of the config's ``registry`` group."""
    arguments = ("init", "registry", "-f", config, *_artifact(artifact))
    return KkCommand(arguments, Expected("InitRegistryPipeline"), artifact=artifact)


def artifact_images_push(config: str, artifact: str = "", *, images_directory: str = "") -> KkCommand:
    """Pushes images to the config's private registry; success says little, so ask the registry afterwards."""
    images = ("--images-dir", images_directory) if images_directory else _artifact(artifact)
    arguments = ("artifact", "images", "push", "-f", config, *images)
    return KkCommand(arguments, Expected("ArtifactImagesPushPipeline"), artifact=artifact)


def artifact_export(manifest: str, output: str) -> KkCommand:
    """Builds the artifact from the manifest; needs root and the internet (or the manifest's registries)."""
    arguments = ("artifact", "export", "-m", manifest, "-o", output)
    return KkCommand(arguments, Expected("ArtifactExportPipeline"), writes=output)


def create_manifest(output: str, kubernetes: tuple[str, ...], arches: tuple[str, ...], *, registry: bool) -> KkCommand:
    """Writes a manifest with the component versions this kk knows; ``registry`` adds the registry's packages."""
    arguments = ["create", "manifest", "--with-kubernetes", ",".join(kubernetes), "-f", output]
    arguments += [f"--arch={arch}" for arch in arches]
    arguments += ["--with-registry"] if registry else []
    proof = Expected(line="Generate KubeKey manifest file successfully")
    return KkCommand(tuple(arguments), proof, writes=output)


def version() -> KkCommand:
    """Prints the version alone, for example ``v3.1.7``."""
    return KkCommand(("version", "-o", "short"))


def _on_cluster(
    pipeline: str, verb: tuple[str, ...], config: str, artifact: str = "", extra: list[str] | None = None
) -> KkCommand:
    arguments = (*verb, "-f", config, *_artifact(artifact), *(extra or ()), "-y")
    return KkCommand(arguments, Expected(pipeline), artifact=artifact)


def _artifact(artifact: str) -> tuple[str, ...]:
    return ("-a", artifact) if artifact else ()
