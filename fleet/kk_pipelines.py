"""Which modules a kk pipeline runs, in which order, how long each usually takes, and how long it may be silent.

Order: KubeKey 3.1.7, as recorded. A module missing from a run (no artifact, no registry role, another runtime)
is passed over. Weights are typical seconds on a real site with a dozen hosts; they shape the percentage, nothing else.
kk prints nothing inside a task, so silence is judged per module.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

DEFAULT_WEIGHT: Final = 3.0
DEFAULT_SILENCE: Final = 120.0
"""Seconds without a line that are normal in a module that is not listed."""

_WEIGHTS: Final[Mapping[str, float]] = {
    "UnArchiveArtifactModule": 120,
    "NodeBinariesModule": 30,
    "RegistryPackageModule": 30,
    "RepositoryModule": 60,
    "ConfigureOSModule": 20,
    "InstallContainerModule": 40,
    "InstallRegistryModule": 180,
    "CopyImagesToRegistryModule": 400,
    "CopyImagesToLocalModule": 900,
    "ArtifactBinariesModule": 120,
    "ArtifactArchiveModule": 300,
    "PullModule": 180,
    "InstallETCDBinaryModule": 15,
    "ETCDConfigureModule": 25,
    "InstallKubeBinariesModule": 40,
    "InitKubernetesModule": 60,
    "ClusterDNSModule": 15,
    "JoinNodesModule": 90,
    "DeployNetworkPluginModule": 15,
    "AddonsModule": 30,
    "DeployKubeSphereModule": 30,
    "CheckResultModule": 600,
    "DeleteKubeNodeModule": 60,
    "ResetClusterModule": 60,
}
_SILENCE: Final[Mapping[str, float]] = {
    "UnArchiveArtifactModule": 1200,
    "NodeBinariesModule": 300,
    "RepositoryModule": 900,
    "ConfigureOSModule": 300,
    "InstallContainerModule": 300,
    "InstallRegistryModule": 900,
    "CopyImagesToRegistryModule": 600,
    "CopyImagesToLocalModule": 900,
    "ArtifactBinariesModule": 900,
    "ArtifactArchiveModule": 1800,
    "PullModule": 900,
    "InitKubernetesModule": 420,
    "JoinNodesModule": 420,
    "CheckResultModule": 900,
    "DeleteKubeNodeModule": 180,
    "ResetClusterModule": 300,
}
_NODE_SETUP: Final = (
    *("GreetingsModule", "CustomScriptsModule", "NodePreCheckModule", "ConfirmModule", "UnArchiveArtifactModule"),
    *("RepositoryModule", "NodeBinariesModule", "ConfigureOSModule", "InitRegistryModule"),
)
_ETCD: Final = (
    *("ETCDPreCheckModule", "CertsModule", "InstallETCDBinaryModule", "ETCDConfigureModule", "ETCDBackupModule"),
    "InstallKubeBinariesModule",
)
MODULES: Final[Mapping[str, tuple[str, ...]]] = {
    "CreateClusterPipeline": (
        *_NODE_SETUP,
        *("KubernetesStatusModule", "InstallContainerModule", "InstallCriDockerdModule", "CopyImagesToRegistryModule"),
        *("PullModule", *_ETCD, "InternalLoadbalancerModule", "InitKubernetesModule", "ClusterDNSModule"),
        *("KubernetesStatusModule", "JoinNodesModule", "InternalLoadbalancerModule", "DeployNetworkPluginModule"),
        *("ConfigureKubernetesModule", "ChownModule", "AutoRenewCertsModule", "SecurityEnhancementModule"),
        *("SaveKubeConfigModule", "DeployPluginsModule", "AddonsModule", "DeployStorageClassModule"),
        *("DeployKubeSphereModule", "CheckResultModule", "CustomScriptsModule"),
    ),
    "AddNodesPipeline": (
        *_NODE_SETUP,
        *("InternalLoadbalancerModule", "KubernetesStatusModule", "InstallContainerModule", "InstallCriDockerdModule"),
        *("PullModule", *_ETCD, "JoinNodesModule", "InternalLoadbalancerModule", "ConfigureKubernetesModule"),
        *("ChownModule", "AutoRenewCertsModule", "CustomScriptsModule"),
    ),
    "DeleteNodePipeline": (
        *("GreetingsModule", "DeleteNodeConfirmModule", "CompareConfigAndClusterInfoModule", "DeleteKubeNodeModule"),
        *("ClearNodeOSModule", "InternalLoadbalancerModule"),
    ),
    "DeleteClusterPipeline": (
        *("GreetingsModule", "DeleteClusterConfirmModule", "ResetClusterModule", "UninstallContainerModule"),
        *("ClearOSModule", "UninstallAutoRenewCertsModule", "InternalLoadbalancerModule"),
    ),
    "InitRegistryPipeline": (
        *("GreetingsModule", "UnArchiveArtifactModule", "RegistryPackageModule", "ConfigureOSModule"),
        *("InitRegistryModule", "InstallRegistryModule", "ChownWorkerModule"),
    ),
    "ArtifactExportPipeline": (
        *("CheckFileExist", "CopyImagesToLocalModule", "ArtifactBinariesModule", "RepositoryModule"),
        *("ArtifactArchiveModule", "ChownOutputModule", "ChownWorkerModule"),
    ),
    "ArtifactImagesPushPipeline": ("UnArchiveArtifactModule", "CopyImagesToRegistryModule", "ChownWorkerModule"),
}


def weight(module: str) -> float:
    """Typical seconds the module takes."""
    return _WEIGHTS.get(module, DEFAULT_WEIGHT)


def usual_silence(module: str) -> float:
    """Seconds without a line that are normal in this module."""
    return _SILENCE.get(module, DEFAULT_SILENCE)
