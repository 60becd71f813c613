"""What kk v3.1.7 is and knows: its own version, the Kubernetes versions it accepts, the versions compiled into it.

Kept apart from the product's own table on purpose: the two are compared by tests, through recordings of the real kk.
"""

from __future__ import annotations

import json

from fleetforge.rehearsal.artifact import Wanted

BUILD = {
    "major": "3",
    "minor": "1",
    "gitVersion": "v3.1.7",
    "gitCommit": "da475c670813fc8a4dd3b1312aaa36e96ff01a1f",
    "gitTreeState": "clean",
    "buildDate": "2024-10-30T09:41:20Z",
    "goVersion": "go1.26.8",
    "compiler": "gc",
    "platform": "linux/amd64",
}
DEFAULT_KUBERNETES = "v1.23.17"
DEFAULT_KUBESPHERE = "v3.4.1"
KUBESPHERE = ("v3.0.0", "v3.1.0", "v3.1.1", "v3.2.0", "v3.2.1", "v3.3.0", "v3.3.1", "v3.3.2", "v3.4.0", "v3.4.1")

_FEW = {19: (0, 8, 9, 15), 20: (4, 6, 10)}
_UP_TO = {21: 14, 22: 17, 23: 17, 24: 17, 25: 16, 26: 15, 27: 16, 28: 15, 29: 10, 30: 6, 31: 2}

ETCD = "v3.5.13"
DOCKER = "24.0.9"
CRI_DOCKERD = "0.3.10"
CONTAINERD = "1.7.13"
RUNC = "v1.1.12"
CRICTL = "v1.29.0"
CNI = "v1.2.0"
CALICO = "v3.27.4"
HELM = "v3.14.3"
COMPOSE = "v2.26.1"
REGISTRY = "2"
HARBOR = "v2.10.1"

_PAUSE_AND_COREDNS = {
    21: ("3.4.1", "1.8.0"),
    22: ("3.5", "1.8.0"),
    23: ("3.6", "1.8.6"),
    24: ("3.7", "1.8.6"),
    25: ("3.8", "1.9.3"),
}


def supported_kubernetes() -> list[str]:
    """The 163 versions of `kk version --show-supported-k8s`, oldest first."""
    patches = {**_FEW, **{minor: range(last + 1) for minor, last in _UP_TO.items()}}
    return [f"v1.{minor}.{patch}" for minor in sorted(patches) for patch in patches[minor]]


def minor_of(version: str) -> int:
    """22 for `v1.22.17`."""
    return int(version.split(".")[1])


def pause_and_coredns(version: str) -> tuple[str, str]:
    """Tags of the images `pause` and `coredns` that belong to a Kubernetes version."""
    minor = minor_of(version)
    return ("3.2", "1.6.9") if minor < 21 else _PAUSE_AND_COREDNS.get(minor, ("3.9", "1.9.3"))


def installed(arch: str, kubernetes: str, runtime: str) -> Wanted:
    """What a node of that architecture gets, in the versions compiled into kk."""
    runtimes = {"docker": DOCKER, "containerd": CONTAINERD}
    found = {"helm": HELM, "cni": CNI, "crictl": CRICTL, "etcd": ETCD}
    components: dict[str, object] = {name: {"version": version} for name, version in found.items()}
    if runtime in runtimes:
        components["containerRuntimes"] = [{"type": runtime, "version": runtimes[runtime]}]
    return Wanted((arch,), (kubernetes,), components)


def described(output: str) -> str | None:
    """The answer to `kk version -o <output>`; None for a format kk does not know."""
    if output == "":
        fields = ", ".join(f'{key[0].upper()}{key[1:]}:"{value}"' for key, value in BUILD.items())
        return f"kk version: &version.Info{{{fields}}}\n"
    if output == "short":
        return f"{BUILD['gitVersion']}\n"
    if output == "json":
        return json.dumps({"kk": BUILD}, indent=2) + "\n"
    if output == "yaml":
        return "kk:\n" + "".join(f"    {key.lower()}: {_yaml(value)}\n" for key, value in BUILD.items())
    return None


def _yaml(value: str) -> str:
    return f'"{value}"' if value[0].isdigit() else value
