"""Every field kk v3.1.7 knows in its Cluster and Manifest files, with its type.

Source: kk v3.1.7, apis/kubekey/v1alpha2 (the structs behind ``kubekey.kubesphere.io/v1alpha2``).
"""

from __future__ import annotations

from fleetforge.fleet.shapes import ANY, FLAG, TEXT, WHOLE, ListOf, MapOf, Record, Shape, record, texts, wholes

API_VERSION = "kubekey.kubesphere.io/v1alpha2"

_TEXTS = ListOf(TEXT)
_LABELS = MapOf(TEXT)
_SWITCH = record(enabled=FLAG)
_AUTHS = MapOf(Record(texts("username password certsPath") | {"skipTLSVerify": FLAG, "plainHTTP": FLAG}))
_SCRIPTS = ListOf(Record(texts("name bash role") | {"materials": _TEXTS}))
_METADATA = Record(
    texts("name namespace generateName")
    | {"labels": _LABELS, "annotations": _LABELS, "finalizers": _TEXTS, "creationTimestamp": ANY}
)

_HOST = Record(
    texts("name address internalAddress user password privateKey privateKeyPath arch")
    | {"port": WHOLE, "timeout": WHOLE, "labels": _LABELS}
)
_ENDPOINT = Record(
    texts("internalLoadbalancer domain address") | {"externalDNS": FLAG, "port": WHOLE, "kubevip": record(mode=TEXT)}
)
_SYSTEM = record(
    ntpServers=_TEXTS,
    timezone=TEXT,
    rpms=_TEXTS,
    debs=_TEXTS,
    preInstall=_SCRIPTS,
    postClusterInstall=_SCRIPTS,
    postInstall=_SCRIPTS,
    skipConfigureOS=FLAG,
)
_ETCD = Record(
    texts("type backupDir backupScript dataDir metrics logLevel")
    | wholes("port peerPort backupPeriod keepBackupNumber heartbeatInterval electionTimeout snapshotCount")
    | wholes("autoCompactionRetention quotaBackendBytes maxRequestBytes maxSnapshots maxWals")
    | {"extraArgs": _TEXTS, "external": Record(texts("caFile certFile keyFile") | {"endpoints": _TEXTS})}
)
_ZONES = ListOf(record(zones=_TEXTS, nameservers=_TEXTS, cache=WHOLE, rewrite=_TEXTS))
_DNS = Record(
    texts("dnsEtcHosts nodeEtcHosts")
    | {
        "coredns": Record(
            texts("additionalConfigs rewriteBlock") | {"externalZones": _ZONES, "upstreamDNSServers": _TEXTS}
        ),
        "nodelocaldns": record(externalZones=_ZONES),
    }
)
_KUBERNETES = Record(
    texts("type version clusterName dnsDomain proxyMode containerManager containerRuntimeEndpoint")
    | dict.fromkeys(("disableKubeProxy", "masqueradeAll", "autoRenewCerts", "nodelocaldns"), FLAG)
    | wholes("maxPods podPidsLimit nodeCidrMaskSize")
    | dict.fromkeys(
        (
            "apiserverCertExtraSans",
            "apiserverArgs",
            "controllerManagerArgs",
            "schedulerArgs",
            "kubeletArgs",
            "kubeProxyArgs",
        ),
        _TEXTS,
    )
    | dict.fromkeys(("nodeFeatureDiscovery", "kata", "audit"), _SWITCH)
    | {"featureGates": MapOf(FLAG), "kubeletConfiguration": ANY, "kubeProxyConfiguration": ANY}
)
_CALICO = Record(
    texts("ipipMode vxlanMode")
    | dict.fromkeys(("ipv4NatOutgoing", "defaultIPPOOL", "enableTypha"), FLAG)
    | {"vethMTU": WHOLE, "replicas": WHOLE, "nodeSelector": _LABELS}
)
_OVN_CONTROLLER = Record(
    texts("podGateway excludeIps networkType vlanInterfaceName vlanID podNicType")
    | dict.fromkeys(
        ("checkGateway", "logicalGateway", "enableLB", "enableNP", "enableEipSnat", "enableExternalVPC"), FLAG
    )
)
_KUBEOVN = Record(
    texts("joinCIDR label tunnelType svcYamlIpfamilypolicy")
    | {
        "enableSSL": FLAG,
        "dpdk": Record(texts("dpdkTunnelIface dpdkVersion") | {"dpdkMode": FLAG}),
        "ovs-ovn": record(hwOffload=FLAG),
        "kube-ovn-controller": _OVN_CONTROLLER,
        "kube-ovn-cni": Record(texts("iface CNIConfigPriority modules RPMs") | {"enableMirror": FLAG}),
        "kube-ovn-pinger": Record(texts("pingerExternalAddress pingerExternalDomain")),
    }
)
_SUBNET = Record(texts("name cidr gateway start end") | {"netID": WHOLE, "reservedIPs": _TEXTS, "excludeIPs": _TEXTS})
_HYBRIDNET = Record(
    texts("defaultNetworkType preferVxlanInterfaces preferVlanInterfaces preferBGPInterfaces")
    | {
        "enableNetworkPolicy": FLAG,
        "init": FLAG,
        "networks": ListOf(
            Record(texts("name type mode") | {"netID": WHOLE, "nodeSelector": _LABELS, "subnets": ListOf(_SUBNET)})
        ),
    }
)
_NETWORK = Record(
    texts("plugin kubePodsCIDR kubeServiceCIDR")
    | {
        "calico": _CALICO,
        "flannel": record(backendMode=TEXT, directRouting=FLAG),
        "kubeovn": _KUBEOVN,
        "multusCNI": _SWITCH,
        "hybridnet": _HYBRIDNET,
    }
)
_REGISTRY = Record(
    texts("type privateRegistry dataRoot namespaceOverride bridgeIP")
    | {"registryMirrors": _TEXTS, "insecureRegistries": _TEXTS, "auths": _AUTHS}
)
_CHART = Record(texts("name repo path version valuesFile") | {"values": _TEXTS, "wait": FLAG})
_ADDON = Record(
    texts("name namespace")
    | {
        "preInstall": _SCRIPTS,
        "postInstall": _SCRIPTS,
        "retries": WHOLE,
        "delay": WHOLE,
        "sources": record(chart=_CHART, yaml=record(path=_TEXTS)),
    }
)
_CLUSTER_SPEC = record(
    hosts=ListOf(_HOST),
    roleGroups=MapOf(_TEXTS),
    controlPlaneEndpoint=_ENDPOINT,
    system=_SYSTEM,
    etcd=_ETCD,
    dns=_DNS,
    kubernetes=_KUBERNETES,
    network=_NETWORK,
    storage=record(openebs=record(basePath=TEXT)),
    registry=_REGISTRY,
    addons=ListOf(_ADDON),
    kubesphere=Record(texts("version configurations") | {"enabled": FLAG}),
)

_VERSION = record(version=TEXT)
_TYPED = ListOf(record(type=TEXT, version=TEXT))
_COMPONENTS: dict[str, Shape] = dict.fromkeys(
    ("helm", "cni", "etcd", "crictl", "calicoctl", "docker-registry", "harbor", "docker-compose"), _VERSION
)
_SYSTEM_IMAGE = Record(
    texts("arch type id version osImage") | {"repository": record(iso=Record(texts("localPath url checksum")))}
)
_MANIFEST_SPEC = record(
    arches=_TEXTS,
    operatingSystems=ListOf(_SYSTEM_IMAGE),
    kubernetesDistributions=_TYPED,
    components=Record(_COMPONENTS | {"containerRuntimes": _TYPED}),
    images=_TEXTS,
    registry=record(auths=_AUTHS),
)


def _document(spec: Record) -> Record:
    return record(apiVersion=TEXT, kind=TEXT, metadata=_METADATA, spec=spec, status=ANY)


CLUSTER = _document(_CLUSTER_SPEC)
MANIFEST = _document(_MANIFEST_SPEC)
