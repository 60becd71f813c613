"""Error codes of the private registry: FF-REG (image API, and reaching it at all), FF-HBR (Harbor's own API).

Codes of 400 and above carry the HTTP status they come from.
"""

from fleetforge.fleet.errors.base import Entry

_REACHED: tuple[Entry, ...] = (
    Entry(
        "FF-REG-001",
        "Nothing listens at the registry's address",
        "On the registry host: 'docker compose -f /opt/harbor/docker-compose.yml ps' and 'ss -ltnp'. Start it, or"
        " correct registry.url.",
        kind="transient",
        after=10,
    ),
    Entry(
        "FF-REG-002",
        "The registry did not answer in time",
        "Look at its load and disk: 'uptime; df -h' on the registry host. A firewall that drops packets looks the same:"
        " 'curl -vk URL/v2/'.",
        kind="transient",
        after=15,
    ),
    Entry(
        "FF-REG-003",
        "The registry's name is not known here",
        "Add it to /etc/hosts on this machine (kk writes the cluster hosts' files only): 'echo ADDRESS NAME >>"
        " /etc/hosts'.",
        kind="transient",
        after=30,
    ),
    Entry(
        "FF-REG-004",
        "The registry's certificate is not trusted",
        "Name its CA in registry.caFile; kk's is /etc/docker/certs.d/NAME/ca.crt on the registry host. The certificate"
        " must name the host of registry.url.",
        kind="operator",
    ),
    Entry(
        "FF-REG-005",
        "The connection to the registry broke",
        "Usually it restarts or a proxy in between gave up; it is tried again. When it stays: 'docker compose -f"
        " /opt/harbor/docker-compose.yml logs --tail 50'.",
        kind="transient",
        after=10,
    ),
    Entry(
        "FF-REG-006",
        "What answers there is not a registry",
        "Look at what listens: 'curl -vk URL/v2/'. http and https ports, or another web server's address, are"
        " easily mixed up.",
        kind="operator",
    ),
    Entry(
        "FF-REG-010",
        "The registry does not answer, and the fleet does not install it",
        "Start it: 'docker compose -f /opt/harbor/docker-compose.yml up -d' on the registry host; or set"
        " registry.install: true.",
        kind="operator",
    ),
)
_CONTENT: tuple[Entry, ...] = (
    Entry(
        "FF-REG-020",
        "The registry's content is not what its digest says",
        "Its storage is damaged: check the disk, delete the tag in Harbor and push it again.",
        kind="operator",
    ),
    Entry(
        "FF-REG-400",
        "The registry refuses the request",
        "Read the answer in the evidence: a name or tag it does not take.",
    ),
    Entry(
        "FF-REG-401",
        "The registry does not accept user and password",
        "Correct registry.credentials and apply again. Try them: 'curl -u USER URL/v2/'.",
        kind="operator",
    ),
    Entry(
        "FF-REG-403",
        "The user may not read this repository",
        "Give the user a role in the Harbor project, or make the project public.",
        kind="operator",
    ),
    Entry(
        "FF-REG-429",
        "The registry asks to slow down",
        "It is tried again later; lower the load on the registry when it stays.",
        kind="transient",
        after=15,
    ),
    Entry(
        "FF-REG-500",
        "The registry failed inside",
        "On the registry host: 'docker compose -f /opt/harbor/docker-compose.yml ps; df -h'. It is tried again.",
        kind="transient",
        after=15,
    ),
)
_HARBOR: tuple[Entry, ...] = (
    Entry(
        "FF-HBR-010",
        "Harbor says that it is not healthy",
        "The evidence names the component. On the registry host: 'docker compose -f"
        " /opt/harbor/docker-compose.yml restart'.",
        kind="transient",
        after=15,
    ),
    Entry(
        "FF-HBR-400",
        "Harbor refuses the request",
        "Read the answer in the evidence: project names are lower-case letters, digits, '.', '_' and '-'.",
    ),
    Entry(
        "FF-HBR-401",
        "Harbor does not accept user and password",
        "Correct registry.credentials and apply again. Try them: 'curl -u USER URL/api/v2.0/users/current'.",
        kind="operator",
    ),
    Entry(
        "FF-HBR-403",
        "The user may not do this in Harbor",
        "Use the admin, or give the user the project administrator's role; project creation can be limited to admins.",
        kind="operator",
    ),
    Entry(
        "FF-HBR-409",
        "Harbor says a project exists, but does not show it",
        "It belongs to somebody else, or was just removed. Look as admin in Harbor's Projects; then start the run"
        " again.",
        kind="operator",
    ),
    Entry(
        "FF-HBR-429",
        "Harbor asks to slow down",
        "It is tried again later.",
        kind="transient",
        after=15,
    ),
    Entry(
        "FF-HBR-500",
        "Harbor failed inside",
        "On the registry host: 'docker compose -f /opt/harbor/docker-compose.yml logs core --tail 50; df -h'. It"
        " is tried again.",
        kind="transient",
        after=15,
    ),
)
ENTRIES: tuple[Entry, ...] = (*_REACHED, *_CONTENT, *_HARBOR)
