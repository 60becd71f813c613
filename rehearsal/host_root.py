"""What a rehearsed machine has on its disk: a directory that commands see as their own `/etc`, `/opt`, `/usr/local`.

    <host>/bin/               programs only this machine has: uname, sudo, socat, systemctl …
    <host>/usr/local/bin/     what kk copies there (kubeadm, kubectl, containerd …)
    <host>/root, <host>/tmp   HOME and TMPDIR
    <host>/run/units/         one empty file per active systemd unit

Commands are real `/bin/sh`; paths below the prefixes of `OWN` are rewritten in their text before they run. What this
does NOT do: isolate (a command can still read and write the rest of the real disk), or rewrite paths inside scripts.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from fleetforge.rehearsal import host_programs

OWN = (
    *("/etc/kubernetes", "/etc/docker", "/etc/containerd", "/etc/etcd.env", "/etc/ssl/etcd", "/etc/ssl/registry"),
    *("/etc/systemd", "/etc/cni", "/etc/crictl.yaml", "/opt/harbor", "/opt/cni", "/usr/local/bin", "/var/lib/kubelet"),
    *("/var/lib/etcd", "/var/lib/containerd", "/var/lib/docker", "/mnt/registry", "/root/.kube"),
    "/tmp/kubekey",  # noqa: S108 - a path on a rehearsed machine
)
"""Paths every machine has for itself."""
_OWN = re.compile(rf"(?<![\w./-])(?:{'|'.join(re.escape(prefix) for prefix in OWN)})(?![\w-])")

MANAGED = frozenset(
    (
        *("sudo", "uname", "hostname", "systemctl", "curl", "openssl", "ebtables", "socat", "ipset", "ipvsadm"),
        *("conntrack", "chronyd", "docker", "dockerd", "docker-compose", "cri-dockerd", "containerd", "ctr", "nerdctl"),
        *("showmount", "rbd", "glusterfs", "kubeadm", "kubectl", "kubelet", "helm", "crictl", "etcd", "etcdctl"),
        *("calicoctl", "reboot", "shutdown", "poweroff", "swapoff", "modprobe", "sysctl"),
    )
)
"""Programs of the real machine that must not shine through."""

HARMLESS = ("swapoff", "modprobe", "sysctl")
"""Programs every machine has and that change nothing here."""

_NOTHING = "#!/bin/sh\nexit 0\n"
_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


class HostRoot:
    """The directory of one machine."""

    def __init__(self, directory: Path, hostname: str, arch: str) -> None:
        self.directory = directory
        self.hostname = hostname
        self._machine = _MACHINES[arch]

    def made(self, name: str, tools: Iterable[str], socket: str) -> None:
        """Create what is missing; what a former run left on the machine stays."""
        parents = (str(Path(path).parent).lstrip("/") for path in OWN)
        for folder in ("bin", "usr/local/bin", "root", "tmp", "run/units", *parents):
            (self.directory / folder).mkdir(parents=True, exist_ok=True)
        real = shutil.which("uname") or "/bin/uname"
        facts = {"hostname": self.hostname, "machine": self._machine, "real": real}
        self.program("uname", host_programs.UNAME.format(**facts))
        self.program("hostname", f"#!/bin/sh\necho {self.hostname}\n")
        self.program("sudo", host_programs.SUDO.format(**facts))
        self.program("systemctl", host_programs.SYSTEMCTL.format())
        self.program("rehearsal-call", host_programs.CALL.format(python=sys.executable, name=name, socket=socket))
        for program in HARMLESS:
            self.program(program, _NOTHING)
        for tool in tools:
            self._tool(tool)

    def _tool(self, tool: str) -> None:
        real = shutil.which(tool)
        link = self.directory / "bin" / tool
        if real and not link.exists():
            link.symlink_to(real)
        elif not real:
            self.program(tool, _NOTHING)

    def program(self, name: str, text: str) -> None:
        """Put an executable into `bin/`."""
        path = self.directory / "bin" / name
        path.write_text(text)
        path.chmod(0o755)

    def path(self, absolute: str) -> Path:
        """Where a path of the machine really is; paths outside `OWN` are the real machine's."""
        return Path(self.rewritten(absolute))

    def rewritten(self, command: str) -> str:
        """A command's text with the machine's own paths put below its directory."""
        return _OWN.sub(lambda found: f"{self.directory}{found.group()}", command)

    def environment(self, user: str, system_bin: Path, has_terminal: bool) -> dict[str, str]:
        """What a login of the machine sees."""
        search = [self.directory / "bin", self.directory / "usr/local/bin", system_bin]
        return {
            "PATH": os.pathsep.join(str(path) for path in search),
            "HOME": str(self.directory / "root"),
            "TMPDIR": str(self.directory / "tmp"),
            "HOST_ROOT": str(self.directory),
            "HOST_TERMINAL": "1" if has_terminal else "",
            "USER": user,
            "LOGNAME": user,
            "SHELL": "/bin/sh",
            "LANG": "C.UTF-8",
        }

    def processes(self) -> list[int]:
        """Ids of everything that runs on the machine: what has inherited its environment."""
        mark = b"\0HOST_ROOT=" + os.fsencode(self.directory) + b"\0"
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    if mark in b"\0" + (entry / "environ").read_bytes():
                        found.append(int(entry.name))
        return found

    def set_sudo_password(self, password: str | None) -> None:
        """What sudo asks users other than root for; None: nothing."""
        secret = self.directory / "run" / "sudo-password"
        secret.unlink(missing_ok=True)
        if password is not None:
            secret.touch(mode=0o600)
            secret.write_text(f"{password}\n")

    def written(self, absolute: str, text: str) -> None:
        """A file of the machine, for its owner alone."""
        path = self.path(absolute)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(text)

    def set_noisy(self, noisy: bool) -> None:
        mark = self.directory / "run" / "noisy"
        mark.touch() if noisy else mark.unlink(missing_ok=True)

    def set_active(self, unit: str, active: bool) -> None:
        mark = self.directory / "run" / "units" / unit
        mark.touch() if active else mark.unlink(missing_ok=True)


def system_programs(directory: Path) -> Path:
    """A folder of links to every program of the real machine but the `MANAGED` ones, shared by all hosts."""
    if directory.exists():
        return directory
    draft = directory.with_name(f".{directory.name}.{os.getpid()}")
    draft.mkdir(parents=True)
    for folder in ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"):
        for program in Path(folder).iterdir() if Path(folder).is_dir() else ():
            link = draft / program.name
            if program.name not in MANAGED and not link.is_symlink():
                link.symlink_to(program)
    draft.replace(directory)
    return directory
