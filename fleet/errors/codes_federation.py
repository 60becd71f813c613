"""Error codes of the federation: 00x importing a member, 02x distributing, 04x taking things out again."""

from fleetforge.fleet.errors.base import Entry

_IMPORT: tuple[Entry, ...] = (
    Entry(
        "FF-FED-001",
        "The cluster is not set up as a member",
        "Its ClusterConfiguration must say multicluster.clusterRole: member and ks-installer must have run; start the"
        " build again, it sets the role.",
    ),
    Entry(
        "FF-FED-002",
        "The member does not share the host cluster's jwtSecret",
        "Start the build again, it copies the secret; logins through the host cluster would get 401 without it.",
    ),
    Entry(
        "FF-FED-003",
        "This cluster is already imported under another name",
        "The kube-system uid is the same: 'kubectl get clusters.cluster.kubesphere.io'. Correct the member's config or"
        " kubeconfig, or remove the old entry first.",
        kind="operator",
    ),
    Entry(
        "FF-FED-004",
        "The member's ks-apiserver does not answer",
        "'kubectl -n kubesphere-system get pods -l app=ks-apiserver' on the member; without it the member is"
        " Ready but useless.",
        kind="transient",
        after=15,
    ),
    Entry(
        "FF-FED-005",
        "The member's kubeconfig names a server the host cluster cannot reach",
        "lb.kubesphere.local is the host cluster itself there. Set controlPlaneEndpoint.address or domain in the"
        " member's config"
        " so that its kubeconfig names a routable address.",
        kind="operator",
    ),
    Entry(
        "FF-FED-006",
        "The member did not become usable in time",
        "On the host cluster: ks-controller-manager must be healthy (FAQ Q4); from one of its nodes, 'curl -k"
        " MEMBER-SERVER/readyz' must answer.",
        kind="operator",
    ),
    Entry(
        "FF-FED-007",
        "The member's proxy agent is not connected",
        "In the host cluster's console open the member and copy its agent YAML, apply it on the member with"
        " 'kubectl apply -f"
        " agent.yaml', then start the run again. proxyPublishAddress must be reachable from the member.",
        kind="operator",
    ),
    Entry(
        "FF-FED-008",
        "The host cluster does not know this member",
        "Import it: start the build again. See what is there: 'kubectl get clusters.cluster.kubesphere.io'.",
    ),
    Entry(
        "FF-FED-009",
        "The host cluster does not run the federation",
        "Tower and kubefed-controller-manager are missing: multicluster.clusterRole: host must be set and"
        " ks-installer have run.",
    ),
    Entry(
        "FF-FED-010",
        "The member is another cluster than the one imported under its name",
        "It was rebuilt. Remove the old entry, then start the build again: 'kubectl delete"
        " clusters.cluster.kubesphere.io NAME'.",
        kind="operator",
    ),
)
_DISTRIBUTE: tuple[Entry, ...] = (
    Entry(
        "FF-FED-020",
        "The workload did not reach a member in time",
        "The evidence says why. 'kubectl describe federateddeployment NAME -n NAMESPACE' on the host cluster"
        " shows its events.",
        kind="operator",
    ),
    Entry(
        "FF-FED-021",
        "A member cannot take the workload as it is written",
        "An override names a path the template does not have, or the template itself is wrong; correct"
        " validation.workload or validation.overrides.",
    ),
    Entry(
        "FF-FED-022",
        "The namespace belongs to somebody else",
        "KubeFed would adopt it and delete it later, contents and all. Name another in validation.workload.namespace.",
    ),
    Entry(
        "FF-FED-023",
        "This type cannot be federated",
        "Write it as plural.group, e.g. deployments.apps; its CustomResourceDefinition must exist on the host cluster.",
    ),
    Entry(
        "FF-FED-024",
        "A federated type did not become live in time",
        "'kubectl -n kube-federation-system get federatedtypeconfigs; kubectl -n kube-federation-system logs"
        " deploy/kubefed-controller-manager --tail 50'.",
        kind="operator",
    ),
)
_LEAVE: tuple[Entry, ...] = (
    Entry(
        "FF-FED-040",
        "A distributed object did not leave a member in time",
        "The member's API must answer for that; 'kubectl get events -n NAMESPACE' on the host cluster. A new run"
        " goes on.",
        kind="operator",
    ),
)
ENTRIES: tuple[Entry, ...] = (*_IMPORT, *_DISTRIBUTE, *_LEAVE)
