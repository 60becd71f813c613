"""kk's stand-in from the artifact to a cluster with KubeSphere, against what the real kk told."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from fleetforge.rehearsal.faults import Fault
from fleetforge.rehearsal.kk.questions import ENDLESS_BYTES
from fleetforge.rehearsal.loopback import Relocated
from fleetforge.rehearsal.site_client import Site

CREATE = "CreateClusterPipeline"
PUSH = "ArtifactImagesPushPipeline"


@pytest.fixture(scope="session")
def example_manifest() -> str:
    return (Path(__file__).resolve().parents[3] / "examples" / "aicc" / "manifest-sample.yaml").read_text()


@pytest.fixture
def manifest(tmp_path: Path) -> str:
    """Two images for both architectures, and no programs."""
    images = ["docker.io/kubesphereio/pause:3.5", "docker.io/kubesphereio/coredns:1.8.0"]
    document = {"kind": "Manifest", "spec": {"arches": ["amd64", "arm64"], "images": images}}
    (tmp_path / "manifest.yaml").write_text(yaml.safe_dump(document))
    return "manifest.yaml"


@pytest.fixture
def harbor(site: Site, relocated: Relocated) -> Iterator[Site]:
    """The site with its registry installed and the project there; faults are forgotten afterwards."""
    registry = site.description.registry
    assert registry is not None
    site.ask("POST", "/registry/install", {})
    made = requests.post(
        f"http://{registry.authority}/api/v2.0/projects",
        json={"project_name": "kubesphereio", "public": True},
        auth=(registry.username, registry.password),
        timeout=5,
    )
    assert made.status_code in (201, 409), made.text
    yield site
    site.clear_faults()
    site.start_registry()


@pytest.fixture
def artifact(called: Any, site: Site, manifest: str) -> str:
    assert called("artifact", "export", "-m", manifest, "-o", "a.tar.gz").code == 0
    return "a.tar.gz"


def _shape(lines: list[str]) -> list[str]:
    """Lines with names, addresses and digests made equal; the same line again and again counts once."""
    found = []
    for line in lines:
        line = re.sub(r"sha256:[0-9a-f]{64} Length: \d+", "DIGEST", line)
        line = re.sub(r"(oci:|docker://|list: )\S+", r"\1IMAGE", line)
        found.append(re.sub(r'time="[^"]+"', "TIME", line))
    return [line for index, line in enumerate(found) if line not in found[:index]]


def _is_within(part: list[tuple[str, str]], whole: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """What of ``part`` is not found in ``whole`` in this order."""
    rest, missing = iter(whole), []
    for one in part:
        if one not in rest:
            missing.append(one)
            rest = iter(whole[whole.index(one) + 1 :] if one in whole else ())
    return missing


def test_from_an_artifact_to_kubesphere(
    kk: Any, config: Any, harbor: Site, recorded: Any, work: Path, example_manifest: str
) -> None:
    (work / "manifest.yaml").write_text(example_manifest)
    assert kk("artifact", "export", "-m", "manifest.yaml", "-o", "all.tar.gz").verdict("ArtifactExportPipeline") == ""
    file = config(lambda document: document["spec"]["kubernetes"].update(nodelocaldns=False))

    installed = kk("init", "registry", "-f", file, "-a", "all.tar.gz")
    assert installed.verdict("InitRegistryPipeline") == ""
    real = recorded("init-registry-harbor-success").ended
    assert [task for task in installed.tasks if task[0] != "UnArchiveArtifactModule"] == real.tasks

    created = kk("create", "cluster", "-f", file, "-a", "all.tar.gz", "--with-kubesphere", "v3.4.1", "-y")
    assert created.verdict(CREATE) == "", created.err[-2000:]
    first, offline = recorded("create-cluster-success-first-run").ended, recorded("real-create-cluster").ended
    apart = {"InstallContainerModule", "DeployNetworkPluginModule"}
    ours = [task for task in created.tasks if task[0] not in apart]
    assert _is_within([task for task in first.tasks if task[0] not in apart], ours) == []
    pushes = [task for task in offline.tasks if task[0] in ("UnArchiveArtifactModule", "CopyImagesToRegistryModule")]
    assert _is_within(pushes, ours) == []
    assert list(dict.fromkeys(module for module, _ in created.tasks))[-2:] == [
        "DeployKubeSphereModule",
        "CheckResultModule",
    ]
    assert created.status_of("Init cluster using kubeadm") == {"success"}

    again = kk("create", "cluster", "-f", file, "-a", "all.tar.gz", "-y")
    assert again.verdict(CREATE) == ""
    later = recorded("real-create-cluster-again").ended
    told = [title for module, title in later.tasks if module not in apart]
    assert {title: again.status_of(title) for title in told} == {title: later.status_of(title) for title in told}
    assert again.status_of("Init cluster using kubeadm") == {"skipped"}


def test_a_push_is_told_as_recorded(kk: Any, config: Any, harbor: Site, artifact: str, recorded: Any) -> None:
    ended = kk("artifact", "images", "push", "-f", config(), "-a", artifact)
    real = recorded("image-push-plainhttp-ok").ended
    assert ended.verdict(PUSH) == ""
    ours = [line for line in _shape(ended.lines) if "UnArchive" not in line and "Md5" not in line and "md5" not in line]
    assert sorted(ours) == sorted(_shape(real.lines))
    assert [task for task in ended.tasks if task[0] != "UnArchiveArtifactModule"] == real.tasks
    assert "Storing signatures" in ended.out
    assert any(image.endswith("kubesphereio/pause:3.5") for image in harbor.images())


def _elsewhere(document: dict[str, Any]) -> None:
    """Another port, where nothing listens."""
    registry = document["spec"]["registry"]
    (auth,) = registry["auths"].values()
    name = registry["privateRegistry"].replace(":8080", ":8099")
    registry |= {"privateRegistry": name, "auths": {name: auth}}


def _https(document: dict[str, Any]) -> None:
    for auth in document["spec"]["registry"]["auths"].values():
        auth["plainHTTP"] = False


def _wrong_login(document: dict[str, Any]) -> None:
    for auth in document["spec"]["registry"]["auths"].values():
        auth["password"] = "wrong"


@pytest.mark.parametrize(
    ("name", "change", "code"),
    [
        ("image-push-registry-down", _elsewhere, ""),
        ("image-push-http-registry-without-plainhttp", _https, ""),
        ("image-push-registry-down", _wrong_login, "FF-KK-083"),
    ],
    ids=["registry-down", "no-plain-http", "wrong-login"],
)
def test_a_failed_copy_is_told_as_success_and_the_lists_then_fail(
    name: str, change: Any, code: str, called: Any, config: Any, harbor: Site, artifact: str, recorded: Any
) -> None:
    called("artifact", "import", "-a", artifact)
    ended = called("artifact", "images", "push", "-f", config(change))
    real = recorded(name).ended
    assert _shape(ended.lines) == _shape(real.lines)
    assert ended.code == real.code == 1
    assert ended.out.count("Getting image source signatures") == 5
    assert ended.verdict(PUSH) == (code or real.verdict(PUSH))


def test_no_images_end_a_push_as_recorded(called: Any, config: Any, site: Site, recorded: Any) -> None:
    ended, real = called("artifact", "image", "push", "-f", config()), recorded("artifact-image-push-noimages").ended
    paths = r"open \S+/kubekey"
    assert [re.sub(paths, "open", line) for line in ended.lines] == [re.sub(paths, "open", line) for line in real.lines]
    assert ended.verdict(PUSH) == real.verdict(PUSH) != ""


def test_an_image_missing_in_the_registry_ends_the_pull(called: Any, config: Any, harbor: Site) -> None:
    def change(document: dict[str, Any]) -> None:
        document["spec"]["registry"]["namespaceOverride"] = "nowhere"

    ended = called("create", "cluster", "-f", config(change), "-y")
    assert ended.code == 1
    assert ended.tasks[-1][0] == "PullModule"
    assert ended.verdict(CREATE).startswith("FF-KK-")


@pytest.mark.parametrize(("status", "code"), [(1, "FF-KK-008"), (0, "FF-KK-001")])
def test_a_fault_ends_the_pipeline_with_an_error_or_silently(
    status: int, code: str, called: Any, harbor: Site, artifact: str
) -> None:
    harbor.add_fault(Fault("kk", match="ArtifactImport", status=status, text="the lights went out"))
    ended = called("artifact", "import", "-a", artifact)
    assert ended.code == status
    assert ("the lights went out" in ended.err) is bool(status)
    assert ended.verdict("ArtifactImportPipeline") == code
    assert called("artifact", "import", "-a", artifact).code == 0


def test_the_same_artifact_again_is_skipped(
    called: Any, site: Site, artifact: str, tmp_path: Path, recorded: Any
) -> None:
    first, again = called("artifact", "import", "-a", artifact), called("artifact", "import", "-a", artifact)
    assert again.lines == recorded("artifact-import-same-again").ended.lines
    assert first.lines == recorded("artifact-import-a-longer-index").ended.lines
    digest = hashlib.md5((tmp_path / artifact).read_bytes(), usedforsecurity=False).hexdigest()
    assert (tmp_path / "kubekey" / "artifact.md5").read_text() == digest


def test_an_artifact_gone_after_an_import_is_fatal(called: Any, site: Site, artifact: str) -> None:
    called("artifact", "import", "-a", artifact)
    ended = called("artifact", "import", "-a", "nope.tar.gz")
    assert (ended.code, ended.lines[-1]) == (
        1,
        "[FATA] get file md5 failed open nope.tar.gz: no such file or directory",
    )
    assert ended.verdict("ArtifactImportPipeline") == "FF-KK-060"


def test_a_shorter_artifact_over_a_longer_one_damages_the_index(
    called: Any, config: Any, site: Site, artifact: str, tmp_path: Path, recorded: Any
) -> None:
    (tmp_path / "one.yaml").write_text("kind: Manifest\nspec: {arches: [amd64], images: ['a.b/c/d:1']}\n")
    called("artifact", "export", "-m", "one.yaml", "-o", "short.tar.gz")
    called("artifact", "import", "-a", artifact)
    assert called("artifact", "import", "-a", "short.tar.gz").code == 0
    ended = called("artifact", "images", "push", "-f", config())
    real, other = recorded("image-push-after-overlaid-import").ended, r"invalid character '.'"
    assert [re.sub(other, "", line) for line in ended.lines] == [re.sub(other, "", line) for line in real.lines]
    assert ended.verdict(PUSH) == real.verdict(PUSH)


def test_an_existing_output_is_kept_after_no_and_replaced_after_yes(
    kk: Any, site: Site, manifest: str, work: Path, recorded: Any
) -> None:
    (work / "exists.tar.gz").write_text("old")
    words = ("artifact", "export", "-m", manifest, "-o", "exists.tar.gz")
    assert kk(*words, stdin="no\n").out == recorded("artifact-export-exists-no").ended.out
    assert (work / "exists.tar.gz").read_text() == "old"
    assert kk(*words, stdin="yes\n").verdict("ArtifactExportPipeline") == ""
    assert (work / "exists.tar.gz").stat().st_size > 3


def test_at_the_end_of_input_an_existing_output_is_asked_about_for_ever(
    kk: Any, site: Site, manifest: str, work: Path, recorded: Any
) -> None:
    (work / "exists.tar.gz").write_text("old")
    ended = kk("artifact", "export", "-m", manifest, "-o", "exists.tar.gz", "-y")
    real = recorded("artifact-export-exists-eof").ended
    assert ended.lines == real.lines == ["[CheckFileExist] Check output file if existed"]
    question = "exists.tar.gz already exists. Are you sure you want to overwrite this file? [yes/no]: "
    assert ended.out.count(question) * len(question) > ENDLESS_BYTES
    assert real.out.count(question) > 1
