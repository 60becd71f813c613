"""Error codes of a cluster's API (FF-K8S) and of KubeSphere on it (FF-KS)."""

from fleetforge.fleet.errors.base import Entry

_API: tuple[Entry, ...] = (
    Entry(
        "FF-K8S-001",
        "The API server does not answer",
        "On a control-plane host: 'crictl ps -a | grep kube-apiserver; journalctl -u kubelet -n 50'. From here:"
        " 'curl -k"
        " SERVER/readyz'.",
        kind="transient",
        after=10,
    ),
    Entry(
        "FF-K8S-002",
        "The API server's certificate is not trusted",
        "The kubeconfig's CA or server name is not this cluster's: a rebuilt cluster has a new one. Fetch"
        " /etc/kubernetes/admin.conf again.",
        kind="operator",
    ),
    Entry(
        "FF-K8S-003",
        "The API server does not accept the credentials",
        "The kubeconfig's certificate or token is expired or of another cluster: 'kubeadm certs check-expiration' on a"
        " control-plane host.",
        kind="operator",
    ),
    Entry(
        "FF-K8S-004",
        "The API server refuses this to the user, or an admission webhook does",
        "Use the cluster-admin kubeconfig (/etc/kubernetes/admin.conf); when the evidence names a webhook, look at that"
        " webhook's service.",
        kind="operator",
    ),
    Entry(
        "FF-K8S-005",
        "The API server failed inside or is overloaded",
        "It is tried again. When it stays: 'journalctl -u etcd -n 50' and disk latency on the etcd hosts.",
        kind="transient",
        after=10,
    ),
    Entry(
        "FF-K8S-006",
        "An object that must exist does not",
        "Look for it: 'kubectl get KIND NAME -n NAMESPACE'. Somebody removed it, or the step that makes it did"
        " not end well.",
    ),
    Entry(
        "FF-K8S-007",
        "Somebody else changed the object at the same time",
        "It is read and tried again. When it stays, another controller or person insists: look at the object's"
        " managedFields.",
        kind="transient",
        after=2,
    ),
    Entry(
        "FF-K8S-008",
        "The API server finds the object invalid",
        "The evidence names the fields; this is a wrong value in the fleet's files, or a bug worth reporting.",
    ),
    Entry(
        "FF-K8S-009",
        "The API server refuses the request",
        "Read the answer in the evidence. A version of Kubernetes that Fleetforge does not know can cause it:"
        " 'kubectl version'.",
    ),
    Entry(
        "FF-K8S-010",
        "Something did not become so in time",
        "The evidence shows its last state. Look at the cluster: 'kubectl get events -A --sort-by=.lastTimestamp"
        " | tail -30';"
        " a new run goes on from here.",
        kind="operator",
    ),
    Entry(
        "FF-K8S-011",
        "The kubeconfig cannot be used",
        "Fetch it again from a control-plane host: /etc/kubernetes/admin.conf.",
        kind="operator",
    ),
    Entry(
        "FF-K8S-012",
        "What answers there is not a Kubernetes API",
        "Look at what listens: 'curl -k SERVER/version'. The kubeconfig's server may be another machine's address.",
        kind="operator",
    ),
    Entry(
        "FF-K8S-014",
        "The cluster does not know this kind of object",
        "Its CustomResourceDefinition is missing: 'kubectl get crd'. KubeSphere, or multi-cluster on it, is not"
        " installed.",
    ),
    Entry(
        "FF-K8S-015",
        "There is no kubeconfig of the cluster",
        "kk leaves one when the cluster is created: start the build again, or look on its first control-plane host for"
        " /etc/kubernetes/admin.conf.",
    ),
)
_KUBESPHERE: tuple[Entry, ...] = (
    Entry(
        "FF-KS-001",
        "ks-installer finished with failed tasks",
        "The evidence names them. More: 'kubectl -n kubesphere-system exec deploy/ks-installer -- ls"
        " /kubesphere/results'. Repair the cause and start the run again: it makes ks-installer run again.",
        kind="operator",
    ),
    Entry(
        "FF-KS-002",
        "KubeSphere was not installed in time",
        "Follow it: \"kubectl logs -n kubesphere-system -l 'app in (ks-install, ks-installer)' -f\". Pods that"
        " cannot pull"
        " or be scheduled: 'kubectl get pods -A | grep -v Running'.",
        kind="operator",
    ),
    Entry(
        "FF-KS-003",
        "KubeSphere is not installed on this cluster",
        "There is no ClusterConfiguration ks-installer: build the cluster with KubeSphere first.",
    ),
    Entry(
        "FF-KS-004",
        "KubeSphere's configuration cannot be read",
        "ConfigMap kubesphere-config in kubesphere-system is missing or damaged; ks-installer writes it at the end of a"
        " run: 'kubectl -n kubesphere-system get cm kubesphere-config'.",
        kind="operator",
    ),
    Entry(
        "FF-KS-005",
        "The cluster's role did not change in time",
        "Follow ks-installer's log; on the host cluster tower and kubefed-controller-manager must be running (FAQ Q3):"
        " 'kubectl get pods -n kube-federation-system; kubectl get pods -n kubesphere-system'.",
        kind="operator",
    ),
    Entry(
        "FF-KS-006",
        "KubeSphere's components did not become healthy in time",
        "The evidence names them: 'kubectl describe pod' of one shows why (image, storage, resources).",
        kind="operator",
    ),
    Entry(
        "FF-KS-008",
        "KubeSphere's Pods cannot pull their images",
        "Usually the manifest lacks them: add them there, 'fleetforge apply', and build again (the artifact is exported"
        " and pushed anew). Otherwise the nodes cannot reach or log in to the private registry.",
        kind="operator",
    ),
    Entry(
        "FF-KS-007",
        "The host cluster already has another name",
        "KubeSphere keeps the name it was given first. Call the cluster so in fleet.yaml: 'kubectl get"
        " clusters.cluster.kubesphere.io -l cluster-role.kubesphere.io/host'.",
    ),
)
ENTRIES: tuple[Entry, ...] = (*_API, *_KUBESPHERE)
