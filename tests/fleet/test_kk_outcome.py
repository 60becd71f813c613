"""A kk run is judged by exit code and output together; each recorded failure gets the code of its cause."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from fleetforge.fleet.errors.base import FleetforgeError, Many, NeedsOperator, Permanent, Transient
from fleetforge.fleet.kk_log import KkLog
from fleetforge.fleet.kk_outcome import Expected, Stopped, Succeeded, concluded
from fleetforge.fleet.kk_story import Story, heard

RECORDINGS = Path(__file__).parents[2] / "../shared/data/kk-transcripts"
PIPELINES = {
    "create cluster": "CreateClusterPipeline",
    "add nodes": "AddNodesPipeline",
    "delete node": "DeleteNodePipeline",
    "delete cluster": "DeleteClusterPipeline",
    "init registry": "InitRegistryPipeline",
    "artifact export": "ArtifactExportPipeline",
    "artifact import": "ArtifactImportPipeline",
    "artifact image push": "ArtifactImagesPushPipeline",
    "upgrade": "UpgradeClusterPipeline",
    "certs check": "CheckCertsPipeline",
    "certs renew": "RenewCertsPipeline",
}
CODES = {
    "add-nodes-join-fails": "FF-KK-101",
    "add-nodes-offline": "FF-KK-068",
    "add-nodes-prompt-eof": "FF-KK-002",
    "artifact-export-bad-arch": "FF-KK-065",
    "artifact-export-bad-image-name": "FF-KK-064",
    "artifact-export-exists-eof": "FF-KK-002",
    "artifact-export-exists-no": "FF-KK-002",
    "artifact-export-missing-file": "FF-KK-020",
    "artifact-export-nomanifest": "FF-KK-030",
    "artifact-export-offline": "FF-KK-069",
    "artifact-export-offline-noimages": "FF-KK-068",
    "artifact-export-yaml-syntax": "FF-KK-021",
    "artifact-image-push-both": "FF-KK-030",
    "artifact-image-push-noconfig": "FF-KK-030",
    "artifact-image-push-noimages": "FF-KK-062",
    "artifact-import-corrupt": "FF-KK-061",
    "artifact-import-missing": "FF-KK-060",
    "artifact-import-nofile": "FF-KK-030",
    "certs-check-no-cluster": "FF-KK-105",
    "certs-renew-no-cluster": "FF-KK-105",
    "create-cluster-bad-runtime": "FF-KK-027",
    "create-cluster-empty-file": "FF-KK-024",
    "create-cluster-host-not-listed": "FF-KK-023",
    "create-cluster-ignore-err-one-dead-host": "FF-KK-007",
    "create-cluster-k3s-no-prompt": "FF-KK-068",
    "create-cluster-kubeadm-init-fails": "FF-KK-106",
    "create-cluster-lb-both": "FF-KK-026",
    "create-cluster-missing-config": "FF-KK-020",
    "create-cluster-missing-keyfile": "FF-KK-043",
    "create-cluster-no-etcd": "FF-KK-024",
    "create-cluster-no-master": "FF-KK-024",
    "create-cluster-no-metadata": "FF-KK-006",
    "create-cluster-offline-download-fails": "FF-KK-068",
    "create-cluster-port-string": "FF-KK-022",
    "create-cluster-prompt-eof": "FF-KK-002",
    "create-cluster-prompt-garbage-then-no": "FF-KK-002",
    "create-cluster-prompt-no": "FF-KK-002",
    "create-cluster-refused": "FF-KK-040",
    "create-cluster-socat-missing": "FF-KK-046",
    "create-cluster-sudo-key-no-password": "FF-KK-044",
    "create-cluster-unknown-field": "FF-KK-023",
    "create-cluster-unreachable": "FF-KK-041",
    "create-cluster-unreachable-ignore-err": "FF-KK-068",
    "create-cluster-unsupported-version": "FF-KK-028",
    "create-cluster-debug": "FF-KK-002",
    "create-cluster-docker-v1.30-notice": "FF-KK-002",
    "create-cluster-flag-overrides-version": "FF-KK-002",
    "create-cluster-ha-warning": "FF-KK-002",
    "create-cluster-tz-shanghai": "FF-KK-002",
    "create-cluster-user-sudo-password": "FF-KK-002",
    "create-cluster-with-packages-no-artifact": "FF-KK-002",
    "create-cluster-wrong-kind": "FF-KK-024",
    "create-cluster-wrong-password": "FF-KK-042",
    "create-cluster-yaml-tab": "FF-KK-021",
    "create-config-exists-eof": "FF-KK-002",
    "create-config-exists-no": "FF-KK-002",
    "create-config-exists-yflag-eof": "FF-KK-002",
    "create-config-from-cluster-nokubeconfig": "FF-KK-031",
    "create-manifest-badver": "FF-KK-028",
    "create-manifest-exists-eof": "FF-KK-002",
    "create-manifest-nokubeconfig": "FF-KK-031",
    "delete-cluster-prompt-eof": "FF-KK-002",
    "delete-cluster-prompt-no": "FF-KK-002",
    "delete-node-again": "FF-KK-102",
    "delete-node-drain-fails": "FF-KK-103",
    "delete-node-first-master-refused": "FF-KK-102",
    "delete-node-no-cluster": "FF-KK-102",
    "delete-node-noname": "FF-KK-030",
    "delete-node-one-host-unreachable": "FF-KK-041",
    "delete-node-prompt-eof": "FF-KK-002",
    "delete-node-prompt-no": "FF-KK-002",
    "host-noise-sudo-unresolvable-hostname": "FF-KK-045",
    "image-push-after-overlaid-import": "FF-KK-063",
    "image-push-http-registry-without-plainhttp": "FF-KK-081",
    "image-push-no-privateregistry": "FF-KK-084",
    "image-push-registry-down": "FF-KK-082",
    "init-registry-artifact-missing": "FF-KK-060",
    "init-registry-no-registry-role": "FF-KK-025",
    "init-registry-offline": "FF-KK-068",
    "real-add-nodes-host-down": "FF-KK-041",
    "real-add-nodes-killed-in-join": "FF-KK-005",
    "real-artifact-export-unmodified-kk-checksum-mismatch": "FF-KK-067",
    "real-create-cluster-preflight-fails": "FF-KK-100",
    "real-create-killed-at-image-push": "FF-KK-005",
    "real-create-killed-in-kubeadm-init": "FF-KK-005",
    "real-create-killed-in-worker-join": "FF-KK-005",
    "real-create-rerun-after-kill-in-kubeadm-init": "FF-KK-104",
    "real-delete-node-gone": "FF-KK-102",
    "real-delete-node-not-in-config": "FF-KK-102",
    "real-init-registry-hosts-bind-mounted": "FF-KK-047",
    "unknown-command": "FF-KK-009",
    "unknown-flag": "FF-KK-009",
    "upgrade-no-cluster": "FF-KK-105",
    "version-badfmt": "FF-KK-009",
}


class Recording(NamedTuple):
    exit_code: int
    expected: Expected
    stdout: bytes
    stderr: bytes


def recording(path: Path) -> Recording | None:
    text = path.read_bytes()
    header = re.search(rb"^# command: (.*?)\n.*?^# exit code: (\S+)", text, re.MULTILINE | re.DOTALL)
    if not header or path.stem.startswith(("help-", "no-args")):
        return None
    command = header[1].decode()
    exit_code = 137 if header[2].startswith(b"TIMEOUT") else int(header[2])
    stdout = (
        text.split(b"===== stdout\n")[1].split(b"===== stderr\n")[0].replace(b"[no newline at end of stdout]\n", b"")
    )
    stderr = text.split(b"===== stderr\n")[1].split(b"===== end")[0]
    pipeline = next((name for verb, name in PIPELINES.items() if verb in command), "")
    line = "Generate KubeKey" if "create" in command and not pipeline else ""
    return Recording(exit_code, Expected(pipeline, line), stdout, stderr)


FILES = [path for path in sorted(RECORDINGS.glob("*.txt")) if recording(path)]
needs_recordings = pytest.mark.skipif(not FILES, reason="recordings of kk are not beside this checkout")


def story_of(text: bytes) -> Story:
    log = KkLog()
    return heard([*log.fed(text), *log.closed()])


def verdict(stem: str) -> Succeeded | FleetforgeError:
    found = recording(RECORDINGS / f"{stem}.txt")
    assert found is not None
    return concluded(found.expected, found.exit_code, story_of(found.stdout + found.stderr), where=stem)


@needs_recordings
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_recording_gets_its_verdict_in_whatever_order_the_streams_came(path: Path) -> None:
    found = recording(path)
    assert found is not None
    for text in (found.stdout + found.stderr, found.stderr + found.stdout):
        outcome = concluded(found.expected, found.exit_code, story_of(text), where=path.stem)
        assert getattr(outcome, "code", None) == CODES.get(path.stem)


@needs_recordings
def test_no_recorded_failure_falls_through_to_the_unknown() -> None:
    assert "FF-KK-008" not in CODES.values()
    failed = {path.stem for path in FILES if (found := recording(path)) and found.exit_code != 0}
    assert failed <= set(CODES)


@needs_recordings
@pytest.mark.parametrize(
    ("stem", "kind"),
    [
        ("create-cluster-refused", Transient),
        ("real-add-nodes-host-down", Transient),
        ("real-create-killed-in-worker-join", Transient),
        ("create-cluster-wrong-password", NeedsOperator),
        ("create-cluster-socat-missing", NeedsOperator),
        ("create-cluster-ignore-err-one-dead-host", NeedsOperator),
        ("create-cluster-unsupported-version", Permanent),
        ("create-cluster-no-metadata", Permanent),
    ],
)
def test_what_happens_next_depends_on_the_cause(stem: str, kind: type[FleetforgeError]) -> None:
    assert type(verdict(stem)) is kind


@needs_recordings
def test_missing_socat_tells_how_to_install_it() -> None:
    error = verdict("create-cluster-socat-missing")
    assert isinstance(error, FleetforgeError)
    assert "yum install -y socat" in error.remedy
    assert "apt-get install -y socat" in error.remedy
    assert error.evidence == ("node2: socat is required.",)


@needs_recordings
def test_a_partial_run_lists_the_hosts_it_left_out() -> None:
    error = verdict("create-cluster-ignore-err-one-dead-host")
    assert isinstance(error, FleetforgeError)
    assert "node2" in error.what
    assert error.evidence[0].startswith("[node2] GreetingsModule")


@needs_recordings
def test_hosts_with_the_same_cause_become_one_error() -> None:
    error = verdict("real-init-registry-hosts-bind-mounted")
    assert isinstance(error, FleetforgeError)
    assert error.where.startswith("3 places")


@needs_recordings
def test_a_hidden_push_failure_shows_the_registrys_answer() -> None:
    error = verdict("image-push-http-registry-without-plainhttp")
    assert isinstance(error, FleetforgeError)
    assert "server gave HTTP response to HTTPS client" in "\n".join(error.evidence)
    assert "plainHTTP" in error.remedy


def failed(*causes: str, module: str = "GreetingsModule") -> bytes:
    head = f"error: Pipeline[CreateClusterPipeline] execute failed: Module[{module}] exec failed: \n"
    return (head + "".join(f"failed: {cause}\n" for cause in causes)).encode()


CREATE = Expected("CreateClusterPipeline")


PUSH_FAILED = failed("[LocalHost] [P] exec failed after 1 retries: get manifest list failed by module cache")
CAUSES = {
    "[LocalHost] [X] exec failed after 1 retries: No SHA256 found for kubeadm. v1 is not supported.": "FF-KK-066",
    "[n1] [X] exec failed after 3 retries: pull image failed: Failed to exec command: x": "FF-KK-107",
    "[n1] [X] exec failed after 3 retries: Failed to exec command: false": "FF-KK-048",
    "[LocalHost] [P] exec failed after 1 retries: push image multi-arch manifest failed: x": "FF-KK-086",
    "[LocalHost] [P] exec failed after 1 retries: write /x: no space left on device": "FF-KK-070",
    "[LocalHost] [P] exec failed after 1 retries: the moon is full": "FF-KK-008",
}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *((failed(cause), code) for cause, code in CAUSES.items()),
        (b"error: Unsupported KubeSphere version: v3.4.1\n", "FF-KK-029"),
        (b"unauthorized: authentication required\n" + PUSH_FAILED, "FF-KK-083"),
        (PUSH_FAILED, "FF-KK-080"),
        (b"error: current user is kk. Please use root\n", "FF-KK-032"),
        (b"", "FF-KK-008"),
    ],
)
def test_texts_the_operators_know_get_their_code(text: bytes, code: str) -> None:
    outcome = concluded(CREATE, 1, story_of(text), where="c")
    assert isinstance(outcome, FleetforgeError)
    assert outcome.code == code


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (b"00:07:52 UTC [FATA] The number of registry must be greater then 0.\n", "FAQ Q5"),
        (b"unauthorized: authentication required\n" + PUSH_FAILED, "FAQ Q6"),
        (PUSH_FAILED, "FAQ Q7"),
        (b"error: Unable to unmarshal the given cluster configuration file: yaml: line 6: x\n", "FAQ Q8"),
    ],
)
def test_the_remedy_names_the_operators_own_answer(text: bytes, answer: str) -> None:
    outcome = concluded(CREATE, 1, story_of(text), where="c")
    assert isinstance(outcome, FleetforgeError)
    assert answer in outcome.remedy


def test_exit_0_without_the_success_line_is_no_success() -> None:
    other = b"00:00:00 UTC Pipeline[InstallAddonsPipeline] execute successfully\n"
    outcome = concluded(CREATE, 0, story_of(other), where="c")
    assert isinstance(outcome, FleetforgeError)
    assert outcome.code == "FF-KK-001"


def test_the_success_line_with_another_exit_code_is_no_success() -> None:
    text = b"00:00:00 UTC Pipeline[CreateClusterPipeline] execute successfully\n"
    assert isinstance(concluded(CREATE, 0, story_of(text), where="c"), Succeeded)
    assert isinstance(concluded(CREATE, 1, story_of(text), where="c"), FleetforgeError)


def test_different_causes_are_all_shown_and_the_lasting_one_decides() -> None:
    text = failed(
        "[n1] failed to connect to 10.0.0.1: dial tcp 10.0.0.1:22: connect: connection refused",
        "[n2] failed to connect to 10.0.0.2: ssh: unable to authenticate, attempted methods [none password]",
    )
    outcome = concluded(CREATE, 1, story_of(text), where="c")
    assert isinstance(outcome, Many)
    assert [error.code for error in outcome.errors] == ["FF-KK-042", "FF-KK-040"]


@pytest.mark.parametrize(
    ("stopped", "code"),
    [
        (Stopped.WALL_CLOCK, "FF-KK-004"),
        (Stopped.LOG_LIMIT, "FF-KK-003"),
        (Stopped.CANCELLED, "FF-KK-010"),
        (Stopped.PROMPT, "FF-KK-002"),
    ],
)
def test_a_run_that_was_stopped_says_why(stopped: Stopped, code: str) -> None:
    text = b"02:00:48 UTC [JoinNodesModule] Join worker node\n"
    outcome = concluded(CREATE, 137, story_of(text), where="c", stopped=stopped)
    assert isinstance(outcome, FleetforgeError)
    assert outcome.code == code


def test_evidence_is_redacted() -> None:
    token = "abcdef.0123456789abcdef"
    text = failed(f"[n1] [J] exec failed after 5 retries: join node failed: kubeadm join --token {token}")
    outcome = concluded(CREATE, 1, story_of(text), where="c")
    assert isinstance(outcome, FleetforgeError)
    assert token not in outcome.rendered()


def test_a_story_stays_small_however_much_is_printed() -> None:
    story = story_of(b"noise\n" * 50_000)
    assert len(story.plain) < 100
