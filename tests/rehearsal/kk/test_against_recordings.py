"""kk's stand-in answers as the recorded kk does: command line, input files, hosts, artifacts."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fleetforge.rehearsal.kk.command_tree import ROOT as KK
from fleetforge.rehearsal.kk.command_tree import Command

Change = Callable[[dict[str, Any]], object]


def _commands(command: Command = KK, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    below = (
        found for child in command.children if not child.listed_only for found in _commands(child, _to(path, child))
    )
    return [path, *below]


def _to(path: tuple[str, ...], child: Command) -> tuple[str, ...]:
    return (*path, child.name)


def _said(ended: Any) -> tuple[int, str, list[str]]:
    """Exit code, stdout with paths made equal, log lines without times, paths and addresses."""
    return ended.code, _plain(ended.out), [_plain(line) for line in ended.lines]


def _plain(text: str) -> str:
    text = re.sub(r"(?:/[\w.+-]+)+/(?=kubekey/|[\w.-]+\.ya?ml|nokey)", "/", text)
    text = re.sub(r"\d+\.\d+\.\d+\.\d+(?::\d+)?", "ADDRESS", text)
    return re.sub(r"\d\d:\d\d:\d\d", "TIME", text)


@pytest.mark.parametrize("path", _commands(), ids=lambda path: "-".join(path) or "root")
def test_help_of_every_command_is_the_recorded_one(path: tuple[str, ...], recorded: Any, called: Any) -> None:
    recording = recorded(f"help-{'-'.join(path) or 'root'}")
    assert called(*recording.words) == recording.ended


@pytest.mark.parametrize(
    "name",
    [
        *("no-args", "unknown-command", "unknown-flag", "version", "version-json", "version-short", "version-yaml"),
        *("version-supported-k8s", "version-badfmt"),
    ],
)
def test_answers_without_a_pipeline_are_the_recorded_ones(name: str, recorded: Any, called: Any) -> None:
    recording = recorded(name)
    assert called(*recording.words) == recording.ended


def _without(*path: str) -> Change:
    def change(document: dict[str, Any]) -> None:
        for key in path[:-1]:
            document = document[key]
        document.pop(path[-1])

    return change


def _both_balancers(document: dict[str, Any]) -> None:
    document["spec"]["controlPlaneEndpoint"] |= {"internalLoadbalancer": "haproxy", "address": "192.0.2.1"}


INPUTS: dict[str, Change] = {
    "create-cluster-port-string": lambda document: document["spec"]["hosts"][0].update(port="22"),
    "create-cluster-no-etcd": lambda document: document["spec"]["roleGroups"].update(etcd=[]),
    "create-cluster-no-master": lambda document: document["spec"]["roleGroups"].update({"control-plane": []}),
    "create-cluster-host-not-listed": lambda document: document["spec"]["roleGroups"].update(worker=["node9"]),
    "create-cluster-wrong-kind": lambda document: document.update(kind="Clusters"),
    "create-cluster-lb-both": _both_balancers,
    "create-cluster-bad-runtime": lambda document: None,
    "init-registry-no-registry-role": _without("spec", "roleGroups", "registry"),
    "artifact-image-push-both": lambda document: None,
}


@pytest.mark.parametrize("name", INPUTS)
def test_a_wrong_config_ends_as_recorded_without_logo(name: str, recorded: Any, called: Any, config: Any) -> None:
    recording = recorded(name)
    words = [config(INPUTS[name]) if word.startswith("/opt/") else word for word in recording.words]
    assert _said(called(*words)) == _said(recording.ended)


@pytest.mark.parametrize(
    ("name", "file", "text"),
    [
        ("create-cluster-missing-config", "", ""),
        ("create-cluster-empty-file", "config.yaml", ""),
        (
            "create-cluster-yaml-tab",
            "config.yaml",
            "kind: Cluster\nmetadata:\n  name: a\nspec:\n  hosts:\n\t- name: a\n",
        ),
        ("artifact-export-missing-file", "", ""),
        ("artifact-export-nomanifest", "", ""),
        ("artifact-export-yaml-syntax", "m-tab.yaml", "kind: Manifest\nspec:\n\tarches: []\n"),
        ("artifact-image-push-noconfig", "", ""),
        ("artifact-import-nofile", "", ""),
        ("artifact-import-missing", "", ""),
        ("artifact-import-corrupt", "m-exp.yaml", "no gzip"),
        ("artifact-export-bad-arch", "m-badarch.yaml", "kind: Manifest\nspec: {arches: [riscv64]}\n"),
        (
            "artifact-export-bad-image-name",
            "m-badimg.yaml",
            "kind: Manifest\nspec: {arches: [amd64], images: ['nginx:1.25']}\n",
        ),
        ("artifact-export-empty-ok", "m-empty.yaml", "kind: Manifest\nspec: {arches: [amd64]}\n"),
    ],
)
def test_a_file_that_is_absent_or_damaged_ends_kk_as_recorded(
    name: str, file: str, text: str, recorded: Any, called: Any, site: Any, tmp_path: Path
) -> None:
    recording = recorded(name)
    if file:
        (tmp_path / file).write_text(text)
    words = [file if word.startswith("/opt/") else word for word in recording.words]
    assert _said(called(*words)) == _said(recording.ended)


def test_a_config_without_a_name_is_a_panic(recorded: Any, called: Any, config: Any) -> None:
    recording = recorded("create-cluster-no-metadata").ended
    ended = called("create", "cluster", "-f", config(_without("metadata", "name")))
    assert (ended.code, ended.out) == (recording.code, recording.out) == (2, "")
    assert ended.lines[:3] == recording.lines[:3]
    assert ended.verdict() == recording.verdict()


def _alone(document: dict[str, Any]) -> None:
    """One machine, called as in the recordings."""
    spec = document["spec"]
    spec["hosts"] = [spec["hosts"][0] | {"name": "node1"}]
    spec["roleGroups"] = {role: ["node1"] for role in ("etcd", "control-plane", "worker")}


def _host(**changed: object) -> Change:
    def change(document: dict[str, Any]) -> None:
        _alone(document)
        document["spec"]["hosts"][0] |= changed

    return change


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("create-cluster-wrong-password", _host(password="wrong")),
        ("create-cluster-refused", _host(port=2223)),
        ("create-cluster-missing-keyfile", _host(password="", privateKeyPath="/opt/x/nokey")),
    ],
)
def test_a_host_that_lets_nobody_in_is_told_as_recorded(
    name: str, change: Change, recorded: Any, called: Any, site: Any, config: Any
) -> None:
    recording = recorded(name)
    ended = called("create", "cluster", "-f", config(change), "-y")
    assert _said(ended) == _said(recording.ended)
    assert ended.verdict("CreateClusterPipeline") == recording.ended.verdict("CreateClusterPipeline") != ""


@pytest.mark.parametrize(
    ("name", "stdin", "version"),
    [
        ("create-cluster-prompt-eof", "", "v1.22.17"),
        ("create-cluster-prompt-no", "no\n", "v1.22.17"),
        ("create-cluster-unsupported-version", "", "v1.22.99"),
        ("create-cluster-flag-overrides-version", "no\n", "v1.22.17"),
    ],
)
def test_the_confirmation_ends_as_recorded(
    name: str, stdin: str, version: str, recorded: Any, called: Any, site: Any, config: Any
) -> None:
    def change(document: dict[str, Any]) -> None:
        _alone(document)
        document["spec"]["kubernetes"]["version"] = version

    recording = recorded(name)
    words = [config(change) if word.startswith("/opt/") else word for word in recording.words]
    ended = called(*words, stdin=stdin)
    assert (ended.code, ended.lines) == (recording.ended.code, recording.ended.lines)
    told = "This is a simple check of your environment."
    assert ended.out[ended.out.index(told) :] == recording.ended.out[recording.ended.out.index(told) :]
    assert ended.verdict("CreateClusterPipeline") == recording.ended.verdict("CreateClusterPipeline") != ""


def test_an_answer_that_is_neither_yes_nor_no_is_asked_again(
    recorded: Any, called: Any, site: Any, config: Any
) -> None:
    recording = recorded("create-cluster-prompt-garbage-then-no")
    ended = called("create", "cluster", "-f", config(_alone), stdin=recording.stdin)
    assert ended.code == recording.ended.code
    assert ended.out.splitlines()[-1] == recording.ended.out.splitlines()[-1]


def test_several_masters_without_balancer_are_warned_about(recorded: Any, called: Any, site: Any, config: Any) -> None:
    def change(document: dict[str, Any]) -> None:
        groups = document["spec"]["roleGroups"]
        groups["control-plane"] = groups["worker"]

    ended = called("create", "cluster", "-f", config(change), stdin="no\n")
    assert ended.out.splitlines()[:4] == recorded("create-cluster-ha-warning").ended.out.splitlines()[:4]
