"""Error codes of the control machine: the workspace, kk's binary there, and kk as a detached job."""

from fleetforge.fleet.errors.base import Entry

ENTRIES: tuple[Entry, ...] = (
    Entry(
        "FF-CTL-001",
        "The job could not be started on the control machine",
        "Check that the workspace can be written and has space: df -h WORKSPACE; touch WORKSPACE/jobs/test.",
        kind="operator",
    ),
    Entry(
        "FF-CTL-002",
        "The job vanished without a result",
        "The control machine was restarted or the job was killed from outside. Nothing to do: the stage looks at"
        " what is"
        " there and goes on.",
        kind="transient",
        after=10,
    ),
    Entry(
        "FF-CTL-003",
        "The job could not be stopped",
        "Its processes do not react to SIGKILL (usually a hung disk or NFS). Look: ps -eo pid,pgid,stat,wchan,args.",
        kind="operator",
    ),
    Entry(
        "FF-CTL-004",
        "Another job runs under this key",
        "Wait for it, or stop it on the control machine: kill -TERM -- -$(cat WORKSPACE/jobs/KEY/pid).",
        kind="transient",
        after=30,
    ),
    Entry(
        "FF-CTL-005",
        "The control machine lacks a tool",
        "Install coreutils and util-linux: yum install -y coreutils util-linux (or apt-get install -y coreutils"
        " util-linux).",
        kind="operator",
    ),
    Entry(
        "FF-CTL-007",
        "kk is not on the control machine",
        "Copy KubeKey 3.1.x to the control machine, make it executable (chmod +x kk) and name its path in"
        " spec.control.kk.",
        kind="operator",
    ),
    Entry(
        "FF-CTL-008",
        "kk cannot be run on the control machine",
        "Check the architecture of the binary (file kk; uname -m) and that the file system is not mounted noexec.",
        kind="operator",
    ),
    Entry(
        "FF-CTL-009",
        "Not a kk that Fleetforge drives",
        "Fleetforge drives KubeKey 3.1.x; 3.1.7 or later is advised. Put that binary at the path in spec.control.kk.",
    ),
    Entry(
        "FF-CTL-010",
        "kk wrote no kubeconfig for the cluster",
        "kk writes kubekey/config-<name> at the end of 'create cluster'. Run the build again, or copy"
        " /etc/kubernetes/admin.conf"
        " from a control-plane host to that path.",
    ),
)
