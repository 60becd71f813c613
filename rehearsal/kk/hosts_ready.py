"""What kk does with every host first: greeting, pre-check with its table, the confirmation, the operating system."""

from __future__ import annotations

from fleetforge.rehearsal.kk import versions
from fleetforge.rehearsal.kk.inputs import Config
from fleetforge.rehearsal.kk.machines import Machines
from fleetforge.rehearsal.kk.questions import asked_to_install
from fleetforge.rehearsal.kk.run import LOCAL, Pipeline, Stopped

_TOOLS = {
    "sudo": "sudo",
    "curl": "curl",
    "openssl": "openssl",
    "ebtables": "ebtables",
    "socat": "socat",
    "ipset": "ipset",
    "ipvsadm": "ipvsadm",
    "conntrack": "conntrack",
    "chrony": "chronyd",
    "docker": "docker",
    "containerd": "containerd",
    "nfs client": "showmount",
    "ceph client": "rbd",
    "glusterfs client": "glusterfs",
}
_REQUIRED = ("sudo", "conntrack", "socat")
_NOTICE = """
This is a simple check of your environment.
Before installation, ensure that your machines meet all requirements specified at
https://github.com/kubesphere/kubekey#requirements-and-recommendations
"""


async def greeted(pipeline: Pipeline, machines: Machines, hosts: list[str]) -> None:
    """GreetingsModule: every host can be logged in to and runs a command as root."""

    async def greet(host: str) -> str | None:
        pipeline.message(host, await machines.sudo(host, "echo 'Greetings, KubeKey!'"))
        return None

    await pipeline.task("GreetingsModule", "Greetings", hosts, greet)


async def checked(pipeline: Pipeline, machines: Machines, config: Config, hosts: list[str], *, yes: bool) -> None:
    """NodePreCheckModule and ConfirmModule; raises ``Stopped`` over a missing tool or version, and for "no"."""
    seen: dict[str, tuple[set[str], str]] = {}

    async def check(host: str) -> str | None:
        tools = await machines.tools(host, tuple(_TOOLS.values()))
        seen[host] = tools, await machines.sudo(host, "date '+%Z %H:%M:%S'")
        return None

    async def confirm(host: str) -> str | None:
        pipeline.console.out(_table({host: _row(host, *seen[host]) for host in hosts}))
        lacking = [(host, tool) for host in hosts for tool in _REQUIRED if tool not in seen[host][0]]
        for name, tool in lacking:
            pipeline.console.log(f"[ERRO] {name}: {tool} is required.")
        pipeline.console.out(_NOTICE)
        _tell_version(pipeline, config.cluster.kubernetes_version)
        if lacking:
            raise Stopped(1)
        if not yes:
            asked_to_install(pipeline, "Continue this installation? [yes/no]: ")
        return None

    await pipeline.task("NodePreCheckModule", "A pre-check on nodes", hosts, check, tries=3)
    await pipeline.task("ConfirmModule", "Display confirmation form", [LOCAL], confirm)


async def configured(pipeline: Pipeline, machines: Machines, hosts: list[str]) -> None:
    """ConfigureOSModule: the host's directories are made."""

    async def directories(host: str) -> str | None:
        await machines.sudo(host, "mkdir -p /tmp/kubekey /etc/kubernetes /usr/local/bin")
        return None

    async def skipped(host: str) -> str | None:
        return "skipped"

    module = "ConfigureOSModule"
    await pipeline.task(module, "Get OS release", hosts)
    await pipeline.task(module, "Prepare to init OS", hosts, directories, tries=3)
    await pipeline.task(module, "Generate init os script", hosts)
    await pipeline.task(module, "Exec init os script", hosts)
    await pipeline.task(module, "configure the ntp server for each node", hosts, skipped)


def _tell_version(pipeline: Pipeline, wanted: str) -> None:
    """Raises ``Stopped`` for a Kubernetes version kk does not know; it finds out only here."""
    if wanted in versions.supported_kubernetes():
        pipeline.console.out(f"Install k8s with specify version:  {wanted}\n")
        return
    pipeline.console.out(f"The Kubernetes version: {wanted} isn't supported.")
    pipeline.console.out("Use kk version --show-supported-k8s,show supported k8s versions\n")
    raise Stopped(1)


def _row(host: str, tools: set[str], clock: str) -> list[str]:
    cells = ["y" if program in tools else "" for program in _TOOLS.values()]
    return [host, *cells, clock]


def _table(rows: dict[str, list[str]]) -> str:
    head = ["name", *_TOOLS, "time"]
    lines = [head, *rows.values()]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    border = "+" + "+".join("-" * (width + 2) for width in widths) + "+"
    body = [
        "|" + "|".join(f" {cell.ljust(width)} " for cell, width in zip(line, widths, strict=True)) + "|"
        for line in lines
    ]
    return "\n".join([border, body[0], border, *body[1:], border])
