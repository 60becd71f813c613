"""Error codes of the artifact, the file that carries everything over the air gap."""

from fleetforge.fleet.errors.base import Entry

ENTRIES: tuple[Entry, ...] = (
    Entry(
        "FF-ART-001",
        "The artifact is not on the control machine",
        "Copy it there and check it: 'ls -l PATH' on the control machine; or set artifact.carried: false to build it.",
        kind="operator",
    ),
    Entry(
        "FF-ART-002",
        "The artifact is not the one that was promised",
        "Copy it again and compare: 'sha256sum PATH'. When the new file is right, correct artifact.sha256 and apply.",
        kind="operator",
    ),
    Entry(
        "FF-ART-003",
        "The artifact lacks images of the manifest",
        "Build it again where there is internet: 'kk artifact export -m MANIFEST -o NEWFILE' (the file must not exist"
        " yet), or take the images out of the manifest.",
    ),
    Entry(
        "FF-ART-004",
        "This file is not a kk artifact",
        "Look into it: 'tar tzf PATH | head' must show images/index.json. A copy that was cut off fails here, too.",
        kind="operator",
    ),
)
