"""Which commands and flags kk v3.1.7 has: its `--help` as data.

Names, types, defaults and descriptions are those kk prints (recorded for every command). Not here: `completion`, whose
help is a page of shell, and the single phases below `alpha … phase`, of which kk's help lists only the names.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Flag:
    """One flag; `kind` is empty for a switch, else `string`, `int` or `stringArray`."""

    name: str
    usage: str
    kind: str = ""
    short: str = ""
    default: str = ""


@dataclass(frozen=True)
class Command:
    """One command; only those with `runs` do something, the others list their children."""

    name: str
    short: str
    flags: tuple[Flag, ...] = ()
    children: tuple[Command, ...] = ()
    aliases: tuple[str, ...] = ()
    long: str = ""
    runs: bool = False
    listed_only: bool = field(default=False)


_DOWNLOAD = "The first param '%s' is output path, the second param '%s', is the URL"
_DOWNLOAD_DEFAULT = "curl -L -o %s %s"
_RUNTIMES = "docker, crio, containerd and isula."

COMMON = (
    Flag("debug", "Print detailed information"),
    Flag("ignore-err", "Ignore the error message, remove the host which reported error and force to continue"),
    Flag("namespace", "KubeKey namespace to use", "string", default="kubekey-system"),
    Flag("yes", "Skip confirm check", short="y"),
)
ARTIFACT = Flag("artifact", "Path to a KubeKey artifact", "string", "a")
CONFIG = Flag("filename", "Path to a configuration file", "string", "f")
DOWNLOAD = Flag(
    "download-cmd",
    f"The user defined command to download the necessary binary files. {_DOWNLOAD}",
    "string",
    default=_DOWNLOAD_DEFAULT,
)
WITH_KUBERNETES = Flag("with-kubernetes", "Specify a supported version of kubernetes", "string")
WITH_KUBESPHERE = Flag("with-kubesphere", "Deploy a specific version of kubesphere (default v3.4.1)")
WITH_PACKAGES = Flag("with-packages", "install operation system packages by artifact")
SKIP_PULL = Flag("skip-pull-images", "Skip pre pull images")
KUBECONFIG = Flag("kubeconfig", "Specify a kubeconfig file", "string")


def _leaf(name: str, short: str, *flags: Flag) -> Command:
    return Command(name, short, (*flags, *COMMON), runs=True)


def _group(name: str, short: str, *children: Command, aliases: tuple[str, ...] = ()) -> Command:
    return Command(name, short, COMMON, children, aliases)


def _phases(short: str, long: str, phases: dict[str, str]) -> Command:
    listed = tuple(Command(name, text, listed_only=True) for name, text in phases.items())
    return Command("phase", short, (), listed, long=long)


_CREATE_CLUSTER = _leaf(
    "cluster",
    "Create a Kubernetes or KubeSphere cluster",
    ARTIFACT,
    CONFIG,
    DOWNLOAD,
    Flag("container-manager", f"Container runtime: {_RUNTIMES}", "string", default="docker"),
    Flag("skip-install-addons", "Skip install addons"),
    SKIP_PULL,
    Flag("skip-push-images", "Skip pre push images"),
    Flag("with-buildx", "install buildx when Container runtime is docker"),
    WITH_KUBERNETES,
    WITH_KUBESPHERE,
    Flag("with-local-storage", "Deploy a local PV provisioner"),
    WITH_PACKAGES,
    Flag("with-security-enhancement", "Security enhancement"),
)
_CREATE_CONFIG = _leaf(
    "config",
    "Create cluster configuration file",
    Flag("filename", "Specify a configuration file path", "string", "f"),
    Flag("from-cluster", "Create a configuration based on existing cluster"),
    KUBECONFIG,
    Flag("name", "Specify a name of cluster object", "string", default="sample"),
    WITH_KUBERNETES,
    WITH_KUBESPHERE,
)
_CREATE_MANIFEST = _leaf(
    "manifest",
    "Create an offline installation package configuration file",
    Flag("arch", "Specify a supported arch", "stringArray", default="amd64"),
    Flag("filename", "Specify a manifest file path", "string", "f"),
    KUBECONFIG,
    Flag("name", "Specify a name of manifest object", "string", default="sample"),
    WITH_KUBERNETES,
    Flag("with-registry", "Specify a supported registry components"),
)
_ADD_NODES = _leaf(
    "nodes",
    "Add nodes to the cluster according to the new nodes information from the specified configuration file",
    ARTIFACT,
    CONFIG,
    DOWNLOAD,
    Flag("container-manager", f"Container manager: {_RUNTIMES}", "string", default="docker"),
    SKIP_PULL,
    WITH_PACKAGES,
)
_EXPORT = _leaf(
    "export",
    "Export a KubeKey offline installation package",
    DOWNLOAD,
    Flag("image-start-index", "Save images from specific index, default to 0", "int"),
    Flag("image-transport", "Image transport to pull from, take values from [docker, docker-daemon]", "string"),
    Flag("manifest", "Path to a manifest file", "string", "m"),
    Flag("output", "Path to a output path", "string", "o"),
    Flag("skip-remove-artifact", "Skip remove artifact"),
)
_PUSH = _leaf(
    "push",
    "push images to a registry from an artifact",
    ARTIFACT,
    CONFIG,
    Flag("image-transport", "Image transport to push to, take values from [docker, docker-daemon]", "string"),
    Flag("images-dir", "Path to a KubeKey artifact images directory", "string"),
)
_INIT_REGISTRY = _leaf(
    "registry",
    "Init a local image registry",
    ARTIFACT,
    CONFIG,
    Flag(
        "download-cmd",
        f"The user defined command to download the necessary files. {_DOWNLOAD}",
        "string",
        default=_DOWNLOAD_DEFAULT,
    ),
)
_MIGRATE = _leaf(
    "migrate",
    "Migrate a container",
    ARTIFACT,
    CONFIG,
    DOWNLOAD,
    Flag("role", "Role groups for migrating. Support: master, worker, all.", "string"),
    Flag("type", "Type of target CRI. Support: docker, containerd.", "string"),
    WITH_KUBERNETES,
)
_DUMPED = (
    "kubesphere-system,kubesphere-logging-system,kubesphere-monitoring-system,openpitrix-system,kube-system,"
    "istio-system,kubesphere-devops-system,porter-system"
)
_DUMP = Command(
    "dump",
    "Dumping key cluster configurations and files",
    (
        Flag("all-namespaces", "dump all namespaces.", short="A"),
        Flag("kube-config", "Path to the kube-config file", "string"),
        Flag("log", "output the dump result to the log console"),
        Flag("namespaces", "Namespaces to be dumped, separated by commas.", "stringArray", default=_DUMPED),
        Flag("output", "output file content format. support in json,yaml", "string", "o", "json"),
        Flag("output-dir", "output the dump result to the specified directory directory.", "string"),
        Flag("queue", "dump queue size", "int", default="5"),
        Flag("tar", "build the dump result into a tar", short="t"),
    ),
    runs=True,
)
_UPGRADE = _leaf(
    "upgrade",
    "Upgrade your cluster smoothly to a newer version with this command",
    ARTIFACT,
    CONFIG,
    DOWNLOAD,
    Flag("skip-dependency-check", "Skip kubernetes and kubesphere dependency version check"),
    SKIP_PULL,
    Flag("with-etcd", "Upgrade etcd"),
    WITH_KUBERNETES,
    WITH_KUBESPHERE,
)
_CREATE_PHASES = {
    "addons": "Apply cluster addons",
    "binary": "Download the binaries on the local",
    "configure": "Configure the k8s cluster with plugins, certs and PV",
    "etcd": "Install the ETCD cluster on the master",
    "images": "Down the container and pull the images before creating your cluster",
    "init": "Init the k8s cluster",
    "join": "Join the control-plane nodes and worker nodes in the k8s cluster",
    "kubesphere": "Install the kubesphere with the input version",
    "os": "Init the os configure",
}
_UPGRADE_PHASES = {
    "binary": "Download the binary and synchronize kubernetes binaries",
    "images": "Pull the images before upgrading your cluster",
    "kubesphere": "Upgrade your kubesphere to a newer version with this command",
    "nodes": "Upgrade cluster on master nodes and worker nodes to the version you input",
}
_ALPHA = Command(
    "alpha",
    "Commands for features in alpha",
    children=(
        _group(
            "create",
            "Create a cluster by phase cmds for testing",
            _phases("KubeKey create phase", "This is the create phase run cmd", _CREATE_PHASES),
        ),
        _group("cri", "cri", _MIGRATE),
        _group(
            "upgrade",
            "Upgrade your cluster by phase cmd for testing",
            _phases("KubeKey upgrade phase", "This is the upgrade phase run cmd", _UPGRADE_PHASES),
        ),
    ),
)
_ROOT_LONG = """\
Deploy a Kubernetes or KubeSphere cluster efficiently, flexibly and easily. There are three scenarios to use KubeKey.
1. Install Kubernetes only
2. Install Kubernetes and KubeSphere together in one command
3. Install Kubernetes first, then deploy KubeSphere on it using https://github.com/kubesphere/ks-installer"""

ROOT = Command(
    "kk",
    "Kubernetes/KubeSphere Deploy Tool",
    long=_ROOT_LONG,
    children=(
        _group("add", "Add nodes to kubernetes cluster", _ADD_NODES),
        _ALPHA,
        _group(
            "artifact",
            "Manage a KubeKey offline installation package",
            _EXPORT,
            _group("images", "manage KubeKey artifact image", _PUSH, aliases=("image", "i")),
            _leaf(
                "import",
                "Import a KubeKey offline installation package",
                Flag("artifact", "Path to a artifact gzip", "string", "a"),
            ),
        ),
        _group(
            "certs",
            "cluster certs",
            _leaf("check-expiration", "Check certificates expiration for a Kubernetes cluster", CONFIG),
            _leaf("renew", "renew a cluster certs", CONFIG),
        ),
        Command("cluster-info", "display cluster information", children=(_DUMP,)),
        Command("completion", "Generate shell completion scripts", listed_only=True),
        _group(
            "create",
            "Create a cluster or a cluster configuration file",
            _CREATE_CLUSTER,
            _CREATE_CONFIG,
            _CREATE_MANIFEST,
        ),
        _group(
            "delete",
            "Delete node or cluster",
            _leaf(
                "cluster",
                "Delete a cluster",
                Flag("all", "Delete total cri conficutation and data directories", short="A"),
                CONFIG,
                WITH_KUBERNETES,
            ),
            _leaf("node", "delete a node", CONFIG),
        ),
        Command("help", "Help about any command", listed_only=True),
        _group(
            "init",
            "Initializes the installation environment",
            _leaf("os", "Init operating system", ARTIFACT, CONFIG),
            _INIT_REGISTRY,
        ),
        Command(
            "plugin",
            "Provides utilities for interacting with plugins",
            children=(
                Command(
                    "list",
                    "List all visible plugin executables on a user's PATH",
                    (
                        Flag(
                            "name-only",
                            "If true, display only the binary name of each plugin, rather than its full path",
                        ),
                    ),
                    runs=True,
                ),
            ),
        ),
        _UPGRADE,
        Command(
            "version",
            "print the client version information",
            (
                Flag("output", "Output format; available options are 'yaml', 'json' and 'short'", "string", "o"),
                Flag("show-supported-k8s", "print the version of supported k8s"),
            ),
            runs=True,
        ),
    ),
)
