"""Validation: the types are federated, and a workload sent from the host is seen in every member with its override.

The proof is kept in the host cluster (ConfigMap ``fleetforge-proof`` in kubesphere-system) with the fingerprint of the
fleet it was made for, so that a second run on the same fleet has nothing to do.
"""

from __future__ import annotations

from fleetforge.blocks.kube_resources import CONFIG_MAPS, NAMESPACES, PODS
from fleetforge.blocks.lock import cluster_lock
from fleetforge.blocks.outside import Outside, opened
from fleetforge.fleet.actions import Action, Stage, StageOutcome, Verb
from fleetforge.fleet.errors.catalogue import fault
from fleetforge.fleet.stages import validation as decisions
from fleetforge.fleet.stages.validation import ValidationFacts
from fleetforge.tasks.progress import StageProgress
from fleetforge.tasks.settings import settings
from fleetforge.tasks.stage import Steps, ran, run_logger, stage_task
from fleetforge.tasks.workload_proof import workload_proved

PROOF = ("kubesphere-system", "fleetforge-proof")


@stage_task("validation")
def validation(fleet: str, again: bool = False) -> StageOutcome:
    """The whole fleet, proved from the host cluster; ``again`` repeats a proof that still holds."""
    with opened(fleet) as outside, cluster_lock(fleet, outside.fleet.spec.host_cluster.name, settings.lock_timeout):
        return ran(steps(outside, again))


def steps(outside: Outside, again: bool = False) -> Steps[ValidationFacts]:
    proved: list[str] = []

    def decide(facts: ValidationFacts) -> tuple[Action, ...]:
        return decisions.decide(outside.fleet, facts, again and not proved)

    def act(action: Action, progress: StageProgress) -> None:
        if action.verb is Verb.ENABLE_TYPES:
            outside.federation.ensure_types(outside.fleet.spec.spec.federation.types, settings.ready_timeout)
        else:
            proved.append(_prove(outside, progress))

    return Steps(Stage.VALIDATION, None, lambda: _observed(outside), decide, act, lambda facts: _proof(outside, proved))


def _proof(outside: Outside, proved: list[str]) -> str:
    return proved[-1] if proved else (_kept(outside) or {}).get("proof", "proved before")


def _observed(outside: Outside) -> ValidationFacts:
    host = outside.kube(outside.fleet.spec.host_cluster.name)
    uids = _uids(outside)
    if host is None or uids is None:
        return ValidationFacts(False, (), "", "")
    missing = outside.federation.missing_types(outside.fleet.spec.spec.federation.types)
    held = (_kept(outside) or {}).get("fingerprint", "")
    return ValidationFacts(True, missing, decisions.fingerprint(outside.fleet, uids), held)


def _uids(outside: Outside) -> dict[str, str] | None:
    """The identity of every cluster (uid of kube-system); None while one of them is not there."""
    uids = {}
    for cluster in outside.fleet.spec.spec.clusters:
        kube = outside.kube(cluster.name)
        if kube is None:
            return None
        uids[cluster.name] = str(kube.need(NAMESPACES, "kube-system")["metadata"]["uid"])
    return uids


def _kept(outside: Outside) -> dict[str, str] | None:
    host = outside.need_kube(outside.fleet.spec.host_cluster.name)
    held = host.get(CONFIG_MAPS, PROOF[1], PROOF[0])
    return dict(held.get("data") or {}) if held else None


def _prove(outside: Outside, progress: StageProgress) -> str:
    images_checked(outside)
    seen = workload_proved(outside, progress)
    _keep(outside, seen)
    return seen


def images_checked(outside: Outside) -> None:
    """Every running image comes from the fleet's registry and project; ``FF-STG-002`` names those that do not."""
    registry = outside.fleet.spec.spec.registry
    prefix = f"{registry.url.split('://')[1]}/{registry.project}/"
    foreign = []
    for cluster in outside.fleet.spec.spec.clusters:
        for pod in outside.need_kube(cluster.name).list(PODS):
            where = f"{cluster.name}: {pod['metadata']['namespace']}/{pod['metadata']['name']}"
            images = [container["image"] for container in pod["spec"]["containers"]]
            foreign += [f"{where}: {image}" for image in images if not image.startswith(prefix)]
    if foreign:
        what = f"{len(foreign)} running images are not from {prefix}"
        raise fault("FF-STG-002", what, where=outside.fleet.spec.name, evidence=foreign)
    run_logger().info("every running image comes from %s", prefix)


def _keep(outside: Outside, proof: str) -> None:
    host, uids = outside.need_kube(outside.fleet.spec.host_cluster.name), _uids(outside)
    assert uids is not None
    host.apply(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"namespace": PROOF[0], "name": PROOF[1]},
            "data": {"fingerprint": decisions.fingerprint(outside.fleet, uids), "proof": proof},
        }
    )
