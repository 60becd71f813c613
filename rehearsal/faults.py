"""What should go wrong next in the rehearsed world.

Every emulated part asks `take(target, subject)` before it answers. Targets and their subjects:

    registry, harbor, kube:<cluster>   "METHOD /path"; status 0 drops the connection
    ssh:<host>                         the command
    connect:<host>                     the client's address, as soon as it connects
    kk                                 the pipeline's name

Host and cluster names are those of the site description.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field, replace


@dataclass(frozen=True)
class Fault:
    """One misfortune: it strikes the next `times` subjects of `target` in which the regex `match` is found.

    `seconds` is how long a host hesitates first (SSH only).
    """

    target: str
    match: str = ""
    times: int = 1
    status: int = 503
    text: str = ""
    seconds: float = 0.0

    @classmethod
    def from_json(cls, document: dict[str, object]) -> Fault:
        """Read the admin API's form; raises ValueError for a missing target, an unknown field or a bad pattern."""
        unknown = set(document) - set(cls.__dataclass_fields__)
        if unknown or not document.get("target"):
            raise ValueError(f"a fault needs a target and knows no {sorted(unknown)}")
        match = str(document.get("match", ""))
        try:
            re.compile(match)
        except re.error as error:
            raise ValueError(f"match is not a regular expression: {error}") from error
        return cls(
            target=str(document["target"]),
            match=match,
            times=int(str(document.get("times", 1))),
            status=int(str(document.get("status", 503))),
            text=str(document.get("text", "")),
            seconds=float(str(document.get("seconds", 0))),
        )

    def to_json(self) -> dict[str, object]:
        """Give the admin API's form."""
        return asdict(self)


@dataclass
class Faults:
    """The misfortunes still to come, in the order they were added."""

    pending: list[Fault] = field(default_factory=list)

    def add(self, fault: Fault) -> None:
        """Queue a fault behind those already there."""
        self.pending.append(fault)

    def take(self, target: str, subject: str) -> Fault | None:
        """Give the first fault that strikes this subject, using up one of its times; None when nothing goes wrong."""
        for index, fault in enumerate(self.pending):
            if fault.target == target and re.search(fault.match, subject):
                if fault.times > 1:
                    self.pending[index] = replace(fault, times=fault.times - 1)
                else:
                    del self.pending[index]
                return fault
        return None

    def clear(self) -> None:
        """Forget every fault still to come."""
        self.pending.clear()
