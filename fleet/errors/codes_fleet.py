"""Error codes of the fleet as a whole: the store (FF-FLT), preflight (FF-PRE), stages and their proof (FF-STG)."""

from fleetforge.fleet.errors.base import Entry

ENTRIES: tuple[Entry, ...] = (
    Entry(
        "FF-FLT-001",
        "No fleet of that name is stored",
        "List them with 'fleetforge status'; store one with 'fleetforge apply -f fleet.yaml'.",
    ),
    Entry("FF-FLT-002", "No such revision", "List them with 'fleetforge revisions NAME'."),
    Entry(
        "FF-FLT-003",
        "The Prefect server does not answer",
        "Start one: 'fleetforge up-server'; then 'export PREFECT_API_URL=http://127.0.0.1:4200/api', or the team's.",
        kind="transient",
    ),
    Entry(
        "FF-FLT-004",
        "The stored fleet cannot be read",
        "Apply it again from its files: 'fleetforge apply -f fleet.yaml'.",
    ),
    Entry(
        "FF-FLT-005",
        "The plan is not the approved one",
        "The world changed since the plan was approved: look at 'fleetforge plan NAME' again and approve the new hash.",
    ),
    Entry(
        "FF-FLT-006",
        "Another run holds this cluster",
        "Wait for it to end, or cancel it in the UI; the lock frees itself when its holder dies.",
        kind="transient",
        after=10,
    ),
    Entry(
        "FF-FLT-007",
        "The local Prefect server could not be set up",
        "The evidence shows its last words. A port in use: another '--port'; a broken database: another '--home'.",
    ),
    Entry(
        "FF-FLT-008",
        "The rehearsal's directory cannot be used",
        "Name an empty or new directory with '--directory', or end the rehearsal that runs in it.",
    ),
    Entry(
        "FF-FLT-009",
        "The rehearsal's site did not start",
        "The evidence shows its last words; an address in use is given back by ending the process that holds it.",
    ),
    Entry(
        "FF-PRE-001",
        "A host's architecture is not the declared one",
        "Correct 'arch' of the host in its cluster config (kk does not detect it), then apply again.",
        kind="operator",
    ),
    Entry(
        "FF-PRE-002",
        "sudo is not silent on a host",
        "kk reads command output off the terminal, so any noise breaks it. Make 'sudo -n true' print nothing: add the "
        "host's own name to its /etc/hosts, remove banners from shell start-up files.",
        kind="operator",
    ),
    Entry(
        "FF-PRE-003",
        "A required tool is missing on a host",
        "Install it on the host: 'yum install -y socat conntrack' or 'apt-get install -y socat conntrack'.",
        kind="operator",
    ),
    Entry(
        "FF-PRE-004",
        "The workspace has too little free space",
        "Free space on the control machine or move 'control.workspace' to a larger disk.",
        kind="operator",
    ),
    Entry(
        "FF-STG-001",
        "A stage acted, but the world is not as it should be",
        "Look at the run's log for what the acting step said, then start the run again: it goes on where it stands.",
        kind="transient",
        after=5,
    ),
    Entry(
        "FF-STG-002",
        "A running image does not come from the private registry",
        "Check namespaceOverride and privateRegistry in the cluster's config; both must name the fleet's registry.",
    ),
    Entry(
        "FF-STG-003",
        "Nodes run another Kubernetes than the config asks for",
        "Write the version that runs into the cluster's config; an upgrade is done with 'kk upgrade', by hand.",
    ),
)
