"""Error codes of the operator's files: reading them (001-019), what they say together (020-089), writing them (090-).

From 100 on they are warnings: the fleet is stored and built, but somebody should look.
"""

from fleetforge.fleet.errors.base import Entry

_READING = (
    Entry(
        "FF-SPEC-001",
        "A file is not YAML",
        "Correct the line shown. YAML takes spaces only, never tabs, and every key ends with ': '.",
    ),
    Entry(
        "FF-SPEC-002",
        "A file cannot be read",
        "Check the name in fleet.yaml (relative paths start at fleet.yaml) and that you may read it: 'ls -l FILE'.",
    ),
    Entry("FF-SPEC-003", "A field holds the wrong type or value", "Correct the field; numbers stand without quotes."),
    Entry(
        "FF-SPEC-004",
        "fleet.yaml has a field that does not exist",
        "Correct its name or remove it; 'fleetforge schema' lists every field.",
    ),
    Entry("FF-SPEC-005", "A required field is missing", "Add the field; 'fleetforge schema' says what it may hold."),
    Entry("FF-SPEC-006", "A file is not UTF-8 text", "Save it as UTF-8, e.g. 'iconv -f GB18030 -t UTF-8 FILE > NEW'."),
    Entry("FF-SPEC-007", "A file is too large", "Check that it is the right file; a fleet's files have 4 MiB at most."),
    Entry(
        "FF-SPEC-008",
        "A file grows too large when its aliases are spelled out, or is nested too deep",
        "Write the repeated parts out, or remove the aliases (*name).",
    ),
    Entry("FF-SPEC-009", "A key stands twice in one mapping", "Remove one of the two; YAML would keep only the last."),
    Entry("FF-SPEC-010", "A file holds no mapping", "Check that it is the right file and not empty: 'head FILE'."),
    Entry(
        "FF-SPEC-011",
        "A file is not of the kind it is used as",
        "Check the path in fleet.yaml: 'manifest' names kk's Manifest file, 'config' its Cluster file.",
    ),
    Entry(
        "FF-SPEC-012",
        "A secret reference leads nowhere",
        "Set the variable where you run fleetforge ('export NAME=...') or create the file; ${secret:...} works only "
        "for a fleet that is stored.",
        kind="operator",
    ),
    Entry(
        "FF-SPEC-013",
        "A secret reference of an unknown kind",
        "Write ${env:NAME}, ${file:PATH} or, for a stored secret, ${secret:KEY}.",
    ),
    Entry(
        "FF-SPEC-014",
        "The manifest names an image kk cannot export",
        "Write it as host/namespace/name:tag, e.g. registry.cn-beijing.aliyuncs.com/kubesphereio/pause:3.5.",
    ),
)
_CLUSTERS = (
    Entry("FF-SPEC-020", "A kk config lacks metadata.name", "Add 'metadata: {name: CLUSTER}' to the config."),
    Entry(
        "FF-SPEC-021",
        "A role names a host that the config does not have",
        "Correct the name in roleGroups or add the host to hosts.",
    ),
    Entry("FF-SPEC-022", "No host has the role etcd", "Add a host to roleGroups.etcd (an odd number of them)."),
    Entry("FF-SPEC-023", "No host has the role control-plane", "Add a host to roleGroups.control-plane."),
    Entry(
        "FF-SPEC-024",
        "The registry has no host",
        "Add an amd64 host to roleGroups.registry of the host cluster's config, or set 'registry.install: false' in "
        "fleet.yaml when it exists already.",
    ),
    Entry(
        "FF-SPEC-025",
        "Harbor cannot run on that host",
        "Give the role registry to an amd64 host, or set 'registry.type: registry' (a plain registry runs on arm64).",
    ),
    Entry("FF-SPEC-026", "Two clusters have the same name", "Rename one of them in fleet.yaml."),
    Entry("FF-SPEC-028", "The fleet has no host cluster", "Set 'role: host' on one cluster in fleet.yaml."),
    Entry(
        "FF-SPEC-029",
        "The fleet has more than one host cluster",
        "Leave 'role: host' on one cluster; the others are members.",
    ),
    Entry(
        "FF-SPEC-031",
        "Two hosts have the same address",
        "Correct the address of one; a machine belongs to one cluster only.",
    ),
    Entry("FF-SPEC-032", "Two hosts of a cluster have the same name", "Rename one; the name becomes the node's name."),
    Entry(
        "FF-SPEC-033",
        "kk cannot build that Kubernetes version",
        "Take a version from 'kk version --show-supported-k8s', in the config and in the manifest.",
    ),
    Entry(
        "FF-SPEC-034",
        "The manifest lacks a cluster's Kubernetes version",
        "Add it to kubernetesDistributions of the manifest, with its images, or correct the config's version.",
    ),
    Entry(
        "FF-SPEC-035",
        "The manifest lacks a host's architecture",
        "Add it to arches of the manifest and build the artifact anew.",
    ),
    Entry(
        "FF-SPEC-036",
        "Load balancer and address exclude each other",
        "Remove controlPlaneEndpoint.address or internalLoadbalancer: kk exits 0 without doing anything otherwise.",
    ),
    Entry(
        "FF-SPEC-037",
        "A cluster pulls from another project than the fleet's",
        "Set registry.namespaceOverride in the config to the fleet's registry.project.",
    ),
    Entry(
        "FF-SPEC-038",
        "Images are pushed elsewhere than nodes pull them from",
        "List them in the manifest from a source that has them under the project's name, e.g. "
        "registry.cn-beijing.aliyuncs.com/kubesphereio/...",
    ),
    Entry(
        "FF-SPEC-039",
        "A cluster pulls from another registry than the fleet's",
        "Make registry.privateRegistry of the config equal to host and port of registry.url in fleet.yaml.",
    ),
    Entry(
        "FF-SPEC-040",
        "kk has no login for the registry",
        "Add an entry under exactly that name to registry.auths of the config, with username and a password reference.",
    ),
    Entry(
        "FF-SPEC-041",
        "http and https disagree",
        "Set plainHTTP in registry.auths to true for an http registry, false for https; registry.url must agree.",
    ),
    Entry(
        "FF-SPEC-042",
        "Pod and service networks overlap",
        "Give kubePodsCIDR and kubeServiceCIDR networks of their own.",
    ),
    Entry(
        "FF-SPEC-043", "A host lies inside a pod or service network", "Choose other kubePodsCIDR and kubeServiceCIDR."
    ),
    Entry(
        "FF-SPEC-044",
        "A documented limit of Kubernetes is exceeded",
        "Split the cluster, or lower kubernetes.maxPods: one cluster has 5,000 nodes and 110 pods per node at most.",
    ),
    Entry("FF-SPEC-045", "Placement names an unknown member", "Correct the name in validation.placement."),
    Entry("FF-SPEC-046", "An override names a member it cannot be for", "Correct the name in validation.overrides."),
    Entry(
        "FF-SPEC-047",
        "The validation image is not in the artifact",
        "Add the image under the project's name to the manifest and build the artifact anew.",
    ),
    Entry(
        "FF-SPEC-048",
        "kk does not know which KubeSphere to install",
        "Set the label 'version' of the config's KubeSphere document, e.g. 'version: v3.4.1'.",
    ),
    Entry(
        "FF-SPEC-049",
        "A cluster of the fleet gets no KubeSphere",
        "Set 'kubesphere: v3.4.1' on the cluster in fleet.yaml; multi-cluster needs it on host and members.",
    ),
    Entry(
        "FF-SPEC-050",
        "kk cannot install that KubeSphere version",
        "Take one of the versions shown, or a newer kk 3.1.x.",
    ),
    Entry(
        "FF-SPEC-051",
        "The artifact would lack the registry",
        "Add the component to the manifest; kk's option is --with-registry.",
    ),
    Entry(
        "FF-SPEC-052",
        "kk would install another kind of registry",
        "Make registry.type of the config that of fleet.yaml.",
    ),
    Entry(
        "FF-SPEC-053",
        "The registry would not be at its address",
        "Make registry.url the address of the host with the role registry, or give the role to the host that has it.",
    ),
    Entry(
        "FF-SPEC-054",
        "The manifest lacks Kubernetes images",
        "Add them to images of the manifest; 'kk create manifest --with-kubernetes VERSION' lists them.",
    ),
    Entry("FF-SPEC-090", "The file to write exists already", "Choose another name with -f, or move the old file away."),
)
_WARNINGS = (
    Entry("FF-SPEC-101", "kk ignores a field it does not know", "Correct the name, or remove the field."),
    Entry(
        "FF-SPEC-102",
        "A password stands in a file",
        "It was stored encrypted. Replace it in the file with a reference, e.g. 'password: ${env:NAME}'.",
    ),
    Entry(
        "FF-SPEC-103",
        "Nothing balances between the control-plane hosts",
        "Set controlPlaneEndpoint.internalLoadbalancer to haproxy, or its address to your load balancer's.",
    ),
    Entry(
        "FF-SPEC-104",
        "The manifest carries another component version than kk installs",
        "Set the version kk has compiled in, or kk tries to download it in the middle of the installation.",
    ),
    Entry("FF-SPEC-105", "Nothing says what the carried artifact must be", "Add artifact.sha256 to fleet.yaml."),
    Entry(
        "FF-SPEC-106",
        "Networks of two clusters overlap",
        "Harmless while their pods never talk to each other; otherwise choose other CIDRs before building.",
    ),
    Entry(
        "FF-SPEC-107",
        "The nodes have room for more pods than a cluster carries",
        "Lower kubernetes.maxPods or keep count: one cluster carries 150,000 pods and 300,000 containers.",
    ),
    Entry(
        "FF-SPEC-108",
        "Images outside of the fleet's project",
        "Fine for your own applications; KubeSphere's and validation's images must be under the project.",
    ),
    Entry("FF-SPEC-109", "A host has no role", "Add it to a role group, or remove it from hosts."),
    Entry(
        "FF-SPEC-110",
        "Two clusters have hosts of the same name",
        "Works, but is easily mixed up; rename one before building.",
    ),
    Entry(
        "FF-SPEC-111",
        "An http registry is not declared insecure",
        "Add it to registry.insecureRegistries of the config.",
    ),
    Entry(
        "FF-SPEC-112",
        "Hosts may not find the registry by its name",
        "Add 'ADDRESS NAME' to dns.nodeEtcHosts of the config, unless your DNS knows the name.",
    ),
    Entry("FF-SPEC-113", "A config does not say which Kubernetes it wants", "State kubernetes.version in the config."),
    Entry(
        "FF-SPEC-114",
        "Two configs have the same metadata.name",
        "Fleetforge keeps them apart; rename one so that kk run by hand does not overwrite the other's kubeconfig.",
    ),
    Entry(
        "FF-SPEC-115",
        "The manifest lacks images this kk pulls",
        "Add them to images of the manifest, unless your kk has other versions: compare with 'kk create manifest'.",
    ),
    Entry(
        "FF-SPEC-116",
        "A kk file has another apiVersion than kk 3.1 writes",
        "Check that the file was written for kk 3.1.",
    ),
)

ENTRIES: tuple[Entry, ...] = (*_READING, *_CLUSTERS, *_WARNINGS)
