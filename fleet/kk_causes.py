"""Which of kk's literal texts means which code: one ordered table, the first match wins.

The texts are those of KubeKey 3.1.x, recorded from real runs. ``what`` is the sentence of the error; ``{0}`` is the
part of the text that the pattern captured.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Cause:
    """A known cause: code, the sentence for it, and the line that told."""

    code: str
    what: str
    line: str


@dataclass(frozen=True, slots=True)
class _Rule:
    code: str
    pattern: re.Pattern[str]
    what: str

    def cause(self, text: str) -> Cause | None:
        found = self.pattern.search(text)
        return Cause(self.code, self.what.format(*found.groups()), _line_around(text, found)) if found else None


def _rule(code: str, pattern: str, what: str) -> _Rule:
    return _Rule(code, re.compile(pattern), what)


_HOSTS: Final = (
    _rule("FF-KK-042", r"unable to authenticate|no supported methods remain", "the host refuses kk's password or key"),
    _rule("FF-KK-043", r"Failed to read keyfile \"([^\"]*)\"", "kk cannot read the private key {0}"),
    _rule("FF-KK-043", r"Failed to validate ssh connection parameters", "kk has no usable password or key"),
    _rule("FF-KK-040", r"failed to connect to .*connection refused", "the host refuses SSH connections"),
    _rule("FF-KK-041", r"failed to connect to ", "the host cannot be reached over SSH"),
    _rule("FF-KK-044", r"execute task timeout, Timeout=(\S+)", "a task did not end within {0}"),
    _rule("FF-KK-045", r"strconv\.Atoi: parsing \"(?!\")", "the host prints noise that kk mistakes for an answer"),
    _rule("FF-KK-046", r"(?:: |^)(socat|conntrack|sudo) is required", "{0} is missing on the host"),
    _rule("FF-KK-047", r"Failed to override hostname", "kk cannot set the host's name"),
)
_PUSH: Final = (
    _rule("FF-KK-081", r"server gave HTTP response to HTTPS client", "the registry speaks http, kk spoke https"),
    _rule("FF-KK-085", r"x509: ([^\n]*)", "the registry's certificate is not trusted: {0}"),
    _rule(
        "FF-KK-083",
        r"(unauthorized: authentication required|unauthorized: [^\n]*|denied: [^\n]*|UNAUTHORIZED|401 Unauthorized)",
        "the registry refuses the push: {0}",
    ),
    _rule("FF-KK-087", r"received unexpected HTTP status: (5\d\d[^\n]*)", "the registry answered {0}"),
    _rule(
        "FF-KK-084", r"at destination: .*registry-1\.docker\.io", "kk pushed to docker.io: no privateRegistry is set"
    ),
    _rule(
        "FF-KK-082",
        r"at destination: .*(connection refused|no such host|no route to host|network is unreachable|i/o timeout|EOF)",
        "the registry cannot be reached: {0}",
    ),
    _rule(
        "FF-KK-086",
        r"push(?: image)? multi-arch manifest.* failed|skipped due to missing source image references",
        "a multi-arch manifest list could not be pushed",
    ),
)
_HIDDEN_PUSH: Final = _rule(
    "FF-KK-080", r"get manifest list failed by module cache", "images were not pushed; kk hides the cause"
)
_ARTIFACT: Final = (
    _rule("FF-KK-070", r"no space left on device", "a disk is full"),
    _rule("FF-KK-060", r"unArchive (\S+) failed: open ", "the artifact {0} does not exist"),
    _rule("FF-KK-060", r"get file md5 failed open ([^:\s]+)", "the artifact {0} does not exist"),
    _rule("FF-KK-061", r"unArchive (\S+) failed: ", "the artifact {0} is damaged"),
    _rule("FF-KK-062", r"read index\.json failed", "there are no unpacked images"),
    _rule("FF-KK-063", r"unmarshal index\.json failed", "the unpacked image index is a mix of two artifacts"),
    _rule("FF-KK-064", r"image (\S+) is invalid, image PATH", "the image name {0} is not complete"),
    _rule("FF-KK-065", r"Unsupported architecture: (\S+)", "kk does not know the architecture {0}"),
    _rule("FF-KK-066", r"No SHA256 found for ([^\n]*?)\.? is not supported", "kk has no checksum for {0}"),
    _rule("FF-KK-067", r"SHA256 no match", "a binary's checksum is wrong"),
    _rule("FF-KK-068", r"Failed to download (\S+)", "kk tried to download {0} and could not"),
    _rule("FF-KK-069", r"copy image (\S+) failed", "the image {0} cannot be pulled"),
)
_CLUSTER: Final = (
    _rule("FF-KK-107", r"pull image failed|Failed to pull image|ErrImagePull", "a node cannot pull an image"),
    _rule("FF-KK-106", r"\[ERROR (Port-\d+|DirAvailable[^\]]*)\]", "kubeadm finds remains of a cluster: {0}"),
    _rule("FF-KK-101", r"join node failed", "the host could not join the cluster"),
    _rule("FF-KK-100", r"init kubernetes cluster failed", "kubeadm init failed"),
    _rule("FF-KK-102", r"check the node name in the config-sample\.yaml", "kk refuses to delete this node"),
    _rule("FF-KK-103", r"drain the node failed", "the node could not be drained"),
    _rule("FF-KK-104", r"connection to the server localhost:8080 was refused", "a half-made cluster is in the way"),
    _rule("FF-KK-105", r"get cluster certs failed|kubeadm get version failed", "there is no cluster on the hosts"),
    _rule("FF-KK-105", r"kube config not found", "there is no cluster on the hosts"),
    _rule("FF-KK-108", r"etcd health check failed|etcd .*unhealthy", "etcd is not healthy"),
    _rule("FF-KK-048", r"Failed to exec command", "a command failed on the host"),
)
_INPUT: Final = (
    _rule("FF-KK-022", r"cannot unmarshal .* into Go struct field ([\w.]+)", "the field {0} has the wrong type"),
    _rule("FF-KK-021", r"yaml: (line \d+)", "the YAML is broken at {0}"),
    _rule("FF-KK-020", r"(?:Unable to open|Failed to read file) .*?open ([^:]+):", "kk cannot open {0}"),
    _rule("FF-KK-023", r"\[(\S+)\] is in \[(\S+)\] group, but not in hosts", "group {1} names {0}, which is no host"),
    _rule("FF-KK-024", r"The number of (etcd|master/control-plane) cannot be 0", "the config has no {0} host"),
    _rule("FF-KK-025", r"The number of registry must be greater then 0", "the config has no registry host"),
    _rule("FF-KK-026", r"cannot set up the internal load balancer and the LB address", "two load balancers are set"),
    _rule("FF-KK-027", r"unsupport container runtime \[(\S*)\]", "kk does not know the container runtime {0}"),
    _rule("FF-KK-028", r"invalid kubernetes version (\S+)", "kk does not support Kubernetes {0}"),
    _rule("FF-KK-028", r"The Kubernetes version: (\S+) isn't supported", "kk does not support Kubernetes {0}"),
    _rule("FF-KK-029", r"Unsupported KubeSphere version: (\S+)", "kk does not support KubeSphere {0}"),
    _rule("FF-KK-032", r"current user is (\S+)\. Please use root", "kk runs as {0}, but needs root"),
    _rule("FF-KK-031", r"\.kube/config: no such file", "kk finds no kubeconfig"),
    _rule(
        "FF-KK-009",
        r"(unknown (?:shorthand )?flag|unknown command|invalid output format)",
        "kk does not take its arguments: {0}",
    ),
    _rule(
        "FF-KK-030",
        r"can not be (?:an )?empty|only one of --image|config file is required",
        "kk was started with missing or conflicting arguments",
    ),
)
_FOR_CAUSES: Final = (*_HOSTS, *_ARTIFACT, *_CLUSTER, *_PUSH, *_INPUT)
_FOR_COMPLAINTS: Final = (*_HOSTS, *_INPUT, *_ARTIFACT, *_PUSH, *_CLUSTER)
_FOR_STDOUT: Final = tuple(rule for rule in _INPUT if rule.code in {"FF-KK-026", "FF-KK-028", "FF-KK-029", "FF-KK-032"})


def cause_of_failure(text: str, stdout: Iterable[str]) -> Cause | None:
    """The cause of one host's (or task's) failure; a failed push is looked up in what was printed before it."""
    if hidden := _HIDDEN_PUSH.cause(text):
        return _first(_PUSH, (*stdout, text)) or hidden
    return _first(_FOR_CAUSES, (text,))


def cause_of_complaint(complaints: Iterable[str]) -> Cause | None:
    """The cause told by ``error:`` lines and log lines of level ERRO or FATA."""
    return _first(_FOR_COMPLAINTS, complaints)


def cause_on_stdout(lines: Iterable[str]) -> Cause | None:
    """The cause where kk tells it on standard output only."""
    return _first(_FOR_STDOUT, lines)


def _first(rules: Iterable[_Rule], lines: Iterable[str]) -> Cause | None:
    kept = tuple(lines)
    found = (rule.cause(line) for rule in rules for line in kept)
    return next((cause for cause in found if cause), None)


def _line_around(text: str, found: re.Match[str]) -> str:
    start = text.rfind("\n", 0, found.start()) + 1
    end = text.find("\n", found.end())
    return text[start : end if end >= 0 else len(text)].strip()
