"""What a plan is made of: stages in their order, typed actions, and what a stage reports when it is done."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum


class Stage(StrEnum):
    """The pipeline's stages, in the order they run."""

    PREFLIGHT = "preflight"
    ARTIFACT = "artifact"
    REGISTRY = "registry"
    HARBOR = "harbor"
    CLUSTER = "cluster"
    MULTICLUSTER = "multicluster"
    MEMBERS = "members"
    VALIDATION = "validation"


class Verb(StrEnum):
    """Everything Fleetforge does to the world when it builds a fleet."""

    PREPARE_WORKSPACE = "prepare-workspace"
    EXPORT_ARTIFACT = "export-artifact"
    TAKE_INVENTORY = "take-inventory"
    INIT_REGISTRY = "init-registry"
    TRUST_REGISTRY = "trust-registry"
    CREATE_PROJECT = "create-project"
    PUSH_IMAGES = "push-images"
    CREATE_CLUSTER = "create-cluster"
    AWAIT_CLUSTER = "await-cluster"
    SET_ROLE = "set-role"
    IMPORT_MEMBER = "import-member"
    ENABLE_TYPES = "enable-types"
    PROVE_FLEET = "prove-fleet"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do: the verb, what it is done to, and the fact that makes it necessary."""

    stage: Stage
    verb: Verb
    subject: str
    why: str
    cluster: str | None = None

    def __str__(self) -> str:
        return f"{self.verb} {self.subject} ({self.why})"


@dataclass(frozen=True, slots=True)
class StageOutcome:
    """A finished stage: what was done (nothing when the world was already so), and what was seen afterwards."""

    stage: Stage
    cluster: str | None
    actions: tuple[Action, ...]
    proof: str
    seconds: float

    @property
    def changed(self) -> bool:
        return bool(self.actions)

    @property
    def title(self) -> str:
        return f"{self.stage}" if self.cluster is None else f"{self.stage} · {self.cluster}"


def plan_hash(actions: Iterable[Action]) -> str:
    """12 hex digits that change when any action of a plan changes; the order counts."""
    text = json.dumps([asdict(action) for action in actions], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
