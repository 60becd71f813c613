"""kk is called with -f always, with -y where kk honours it, and each call says what proves it."""

from __future__ import annotations

import pytest

from fleetforge.fleet import kk_command
from fleetforge.fleet.kk_command import KkCommand

ON_CLUSTER = [
    kk_command.create_cluster("config.yaml", "a.tar.gz", kubesphere="v3.4.1", push_images=False),
    kk_command.add_nodes("config.yaml", "a.tar.gz"),
    kk_command.delete_node("config.yaml", "node2"),
    kk_command.delete_cluster("config.yaml", container_runtime_too=True),
]
OTHERS = [
    kk_command.init_registry("config.yaml", "a.tar.gz"),
    kk_command.artifact_images_push("config.yaml", "a.tar.gz"),
]


@pytest.mark.parametrize("command", [*ON_CLUSTER, *OTHERS], ids=lambda command: command.title)
def test_no_command_works_without_the_config(command: KkCommand) -> None:
    assert command.arguments[command.arguments.index("-f") + 1] == "config.yaml"


@pytest.mark.parametrize("command", ON_CLUSTER, ids=lambda command: command.title)
def test_commands_that_would_ask_get_yes(command: KkCommand) -> None:
    assert command.arguments[-1] == "-y"


@pytest.mark.parametrize("command", [*ON_CLUSTER, *OTHERS, kk_command.artifact_export("m.yaml", "a.tar.gz")])
def test_every_pipeline_names_its_proof(command: KkCommand) -> None:
    assert command.expected.pipeline.endswith("Pipeline")


def test_commands_whose_overwrite_prompt_ignores_yes_name_the_file() -> None:
    assert kk_command.artifact_export("m.yaml", "a.tar.gz").writes == "a.tar.gz"
    assert kk_command.create_manifest("m.yaml", ("v1.22.17",), ("amd64", "arm64"), registry=True).writes == "m.yaml"


def test_a_manifest_names_versions_and_arches() -> None:
    command = kk_command.create_manifest("m.yaml", ("v1.22.17", "v1.30.6"), ("amd64", "arm64"), registry=True)
    assert command.arguments == (
        *("create", "manifest", "--with-kubernetes", "v1.22.17,v1.30.6", "-f", "m.yaml"),
        *("--arch=amd64", "--arch=arm64", "--with-registry"),
    )


def test_the_kubesphere_version_is_an_argument_of_its_own() -> None:
    arguments = kk_command.create_cluster("config.yaml", kubesphere="v3.4.1").arguments
    assert arguments[arguments.index("--with-kubesphere") + 1] == "v3.4.1"


def test_titles_are_the_verbs() -> None:
    assert [command.title for command in OTHERS] == ["init registry", "artifact images push"]
