"""Error codes of a kk run: 00x how it ended, 02x its input, 04x hosts, 06x artifact, 08x push, 10x cluster.

Remedies that say "FAQ Qn" are those of the procedure the operators already know.
"""

from fleetforge.fleet.errors.base import Entry

_ENDED: tuple[Entry, ...] = (
    Entry(
        "FF-KK-001",
        "kk ended with exit code 0 but without its success line",
        "Nothing is proved. Read the end of the job's log; the line 'Pipeline[...] execute successfully' is missing.",
    ),
    Entry(
        "FF-KK-002",
        "kk asked a question nobody answers",
        "An output file was in the way or the run had no -y. Remove the file the question names and start again.",
    ),
    Entry(
        "FF-KK-003",
        "kk printed without end and was stopped",
        "Read the end of the job's log. A prompt that ignores -y repeats for ever when its file exists: remove"
        " that file.",
    ),
    Entry(
        "FF-KK-004",
        "kk was stopped at its time limit",
        "Read which module was running, look at that host, then start again: kk continues from what is there.",
        kind="operator",
    ),
    Entry(
        "FF-KK-005",
        "kk was killed",
        "Somebody, or the kernel for lack of memory, killed it (dmesg | grep -i oom). A new run continues from"
        " what is there.",
        kind="transient",
        after=30,
    ),
    Entry(
        "FF-KK-006",
        "kk crashed",
        "A crash almost always means a config field that kk expects is missing: metadata.name first. Then 'kk"
        " version'.",
    ),
    Entry(
        "FF-KK-007",
        "kk finished, but left hosts out",
        "The cluster is up without these hosts. Repair them, then run 'add nodes' (the scale-out flow) with the"
        " same config.",
        kind="operator",
    ),
    Entry(
        "FF-KK-008",
        "kk failed for a reason Fleetforge does not know",
        "Read the evidence and the job's log; please report the text so that it gets a code of its own.",
    ),
    Entry(
        "FF-KK-009",
        "kk does not know this command or flag",
        "The kk on the control machine is not a 3.1.x, or is damaged: kk version -o short.",
    ),
    Entry(
        "FF-KK-010",
        "The run was cancelled",
        "Start again when wanted: kk continues from what is there.",
        kind="operator",
    ),
)
_INPUT: tuple[Entry, ...] = (
    Entry("FF-KK-020", "kk cannot open its input file", "Check the path on the control machine: ls -l FILE."),
    Entry(
        "FF-KK-021",
        "kk cannot read its YAML",
        "Correct the line named in the evidence; YAML takes spaces, never tabs (FAQ Q8).",
    ),
    Entry(
        "FF-KK-022", "A field in kk's config has the wrong type", "Correct the field named in the evidence (FAQ Q8)."
    ),
    Entry(
        "FF-KK-023",
        "A role group names a host that is not in spec.hosts",
        "Add the host to spec.hosts or take its name out of spec.roleGroups; look for a misspelt field near it.",
    ),
    Entry(
        "FF-KK-024",
        "The config has no control-plane or no etcd host",
        "Fill spec.roleGroups.control-plane and spec.roleGroups.etcd; the file must be a 'kind: Cluster'.",
    ),
    Entry(
        "FF-KK-025",
        "The config has no registry host",
        "Add a host to spec.roleGroups.registry (FAQ Q5), for example:\n  registry:\n  - node1",
    ),
    Entry(
        "FF-KK-026",
        "Both a load balancer address and an internal load balancer are set",
        "Keep one: clear spec.controlPlaneEndpoint.address or spec.controlPlaneEndpoint.internalLoadbalancer.",
    ),
    Entry(
        "FF-KK-027",
        "kk does not know this container runtime",
        "Use docker, containerd, crio or isula in spec.kubernetes.containerManager.",
    ),
    Entry(
        "FF-KK-028",
        "kk does not support this Kubernetes version",
        "Choose one of 'kk version --show-supported-k8s', or bring a newer kk 3.1.x (FAQ Q2).",
    ),
    Entry(
        "FF-KK-029",
        "kk does not support this KubeSphere version",
        "Bring a newer kk 3.1.x (FAQ Q2), or choose a version it knows (3.1.7: v3.4.1).",
    ),
    Entry(
        "FF-KK-030", "kk was started with missing or conflicting arguments", "Read the evidence; this is a bug here."
    ),
    Entry(
        "FF-KK-031",
        "kk finds no kubeconfig",
        "There is no cluster yet, or its admin.conf is gone. Build the cluster first; check"
        " /etc/kubernetes/admin.conf.",
    ),
    Entry(
        "FF-KK-032",
        "kk must run as root for this",
        "Let Fleetforge log in to the control machine as root (spec.control.connection.user).",
        kind="operator",
    ),
)
_HOSTS: tuple[Entry, ...] = (
    Entry(
        "FF-KK-040",
        "A host refuses SSH connections",
        "On the host: systemctl start sshd. Check 'port' of the host in the config.",
        kind="transient",
        after=15,
    ),
    Entry(
        "FF-KK-041",
        "A host cannot be reached",
        "Every host of a config must be reachable for any kk command. Check: ping -c 3 ADDRESS. To go on without"
        " it, take"
        " it out of spec.hosts and spec.roleGroups.",
        kind="transient",
        after=30,
    ),
    Entry(
        "FF-KK-042",
        "A host refuses kk's password or key",
        "Correct 'user', 'password' or 'privateKeyPath' of the host in the config; try: ssh USER@ADDRESS.",
        kind="operator",
    ),
    Entry(
        "FF-KK-043",
        "kk cannot read a host's private key",
        "Put the key on the control machine at the path in 'privateKeyPath', mode 0600.",
        kind="operator",
    ),
    Entry(
        "FF-KK-044",
        "A host did not finish a task in time",
        "If this is the first task, sudo probably waits for a password: on the host 'sudo -n true' must succeed"
        " silently.",
        kind="operator",
    ),
    Entry(
        "FF-KK-045",
        "A host prints noise that kk mistakes for answers",
        "On the host 'sudo -n true 2>&1' must print nothing. Usual cure: echo \"127.0.1.1 $(hostname)\" >> /etc/hosts.",
        kind="operator",
    ),
    Entry(
        "FF-KK-046",
        "A host lacks a tool kk needs",
        "On the host: yum install -y socat conntrack (or apt-get install -y socat conntrack) (FAQ Q1).",
        kind="operator",
    ),
    Entry(
        "FF-KK-047",
        "kk cannot set a host's name",
        "On the host /etc/hosts must be a plain file: mount | grep /etc/hosts; umount /etc/hosts when it is"
        " bind-mounted.",
        kind="operator",
    ),
    Entry(
        "FF-KK-048",
        "A command failed on a host",
        "Run the command in the evidence by hand on the host and read its output, then start again.",
        kind="operator",
    ),
)
_ARTIFACT: tuple[Entry, ...] = (
    Entry("FF-KK-060", "kk does not find the artifact", "Check spec.artifact.path on the control machine: ls -l PATH."),
    Entry(
        "FF-KK-061",
        "The artifact is damaged",
        "Copy it again and compare: sha256sum PATH; gzip -t PATH.",
        kind="operator",
    ),
    Entry(
        "FF-KK-062",
        "There are no unpacked images to push",
        "Import the artifact first (the registry stage does), or give the artifact with the push.",
    ),
    Entry(
        "FF-KK-063",
        "The unpacked image index is a mix of two artifacts",
        "kk unpacks over older files without shortening them. Remove the old tree: rm -rf kubekey/images"
        " kubekey/artifact.md5.",
        kind="operator",
    ),
    Entry(
        "FF-KK-064",
        "An image name in the manifest is not complete",
        "Write every image as host/project/name:tag, for example docker.io/library/nginx:1.20.",
    ),
    Entry("FF-KK-065", "kk does not know this architecture", "Use amd64 and arm64 in spec.arches of the manifest."),
    Entry(
        "FF-KK-066",
        "kk has no checksum for a component version",
        "Use the component versions this kk knows (kk create manifest prints them), or bring a newer kk 3.1.x"
        " (FAQ Q2).",
    ),
    Entry(
        "FF-KK-067",
        "A binary's checksum is wrong",
        "The download is damaged or not the original. Remove the file under kubekey/ and fetch it again.",
        kind="operator",
    ),
    Entry(
        "FF-KK-068",
        "kk tried to download and could not",
        "Without internet every binary must come from the artifact: give -a, and use the component versions this"
        " kk knows.",
    ),
    Entry(
        "FF-KK-069",
        "An image cannot be pulled for the artifact",
        "Check that the source registry answers from the machine that exports: curl -v https://REGISTRY/v2/.",
        kind="transient",
        after=60,
    ),
    Entry(
        "FF-KK-070",
        "The control machine's disk is full",
        "An export needs the artifact's size twice: df -h WORKSPACE.",
        kind="operator",
    ),
)
_PUSH: tuple[Entry, ...] = (
    Entry(
        "FF-KK-080",
        "Images were not pushed; kk hides the cause",
        "kk before 3.1.7 fails so: bring 3.1.7 or later (FAQ Q7). Else read the copy errors above it in the job's log.",
    ),
    Entry(
        "FF-KK-081",
        "The registry speaks http, kk spoke https",
        "Set spec.registry.auths.<registry>.plainHTTP: true in the config.",
    ),
    Entry(
        "FF-KK-082",
        "The registry cannot be reached",
        "Check from the control machine: curl -k https://REGISTRY/v2/; its name must be in /etc/hosts there.",
        kind="transient",
        after=15,
    ),
    Entry(
        "FF-KK-083",
        "The registry refuses the push",
        "Create the project kubesphereio in Harbor (FAQ Q6) and check user and password in spec.registry.auths.",
        kind="operator",
    ),
    Entry(
        "FF-KK-084",
        "kk pushed to the internet, because the config names no private registry",
        "Set spec.registry.privateRegistry in the config.",
    ),
    Entry(
        "FF-KK-085",
        "The registry's certificate is not trusted",
        "Put its CA into /etc/docker/certs.d/REGISTRY/ca.crt on the control machine, or set skipTLSVerify: true.",
        kind="operator",
    ),
    Entry(
        "FF-KK-086",
        "A multi-arch manifest list could not be pushed",
        "Bring kk 3.1.7 or later (FAQ Q7), then push again.",
    ),
    Entry(
        "FF-KK-087",
        "The registry's disk is full or it failed inside",
        "On the registry host: df -h /mnt/registry; docker compose -f /opt/harbor/docker-compose.yml ps.",
        kind="transient",
        after=30,
    ),
)
_CLUSTER: tuple[Entry, ...] = (
    Entry(
        "FF-KK-100",
        "kubeadm init failed",
        "Read the evidence. On that host: journalctl -u kubelet -n 50; crictl ps -a. A new run continues.",
        kind="operator",
    ),
    Entry(
        "FF-KK-101",
        "A host could not join the cluster",
        "Read the evidence. On that host: journalctl -u kubelet -n 50. A new run joins the missing host only.",
        kind="operator",
    ),
    Entry(
        "FF-KK-102",
        "kk refuses to delete this node",
        "Only a worker that is in the config and in the cluster can be deleted; never the first control-plane or"
        " an etcd host.",
    ),
    Entry(
        "FF-KK-103",
        "The node could not be drained",
        "It stays cordoned. See what holds: kubectl get pdb -A. Make room or relax the budget, then start again.",
        kind="operator",
    ),
    Entry(
        "FF-KK-104",
        "A half-made cluster is in the way",
        "An earlier run was cut off inside kubeadm init. Clear it and build again: kk delete cluster -f"
        " config.yaml -y.",
        kind="operator",
    ),
    Entry(
        "FF-KK-105",
        "There is no cluster on the hosts",
        "Build the cluster first.",
    ),
    Entry(
        "FF-KK-106",
        "kubeadm finds a port or directory in use",
        "Remains of an earlier cluster. On that host: ss -ltnp; kubeadm reset -f. Then start again.",
        kind="operator",
    ),
    Entry(
        "FF-KK-107",
        "A node cannot pull an image",
        "Check on the node: crictl pull IMAGE. Names must be REGISTRY/kubesphereio/...: see namespaceOverride"
        " (FAQ Q9).",
        kind="operator",
    ),
    Entry(
        "FF-KK-108",
        "etcd is not healthy",
        "On the etcd hosts: systemctl status etcd; journalctl -u etcd -n 50. Clocks of all hosts must agree.",
        kind="operator",
    ),
)
ENTRIES: tuple[Entry, ...] = (*_ENDED, *_INPUT, *_HOSTS, *_ARTIFACT, *_PUSH, *_CLUSTER)
