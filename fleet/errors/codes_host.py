"""Error codes of the machines reached over SSH: reaching them, logging in, running one command, moving one file."""

from fleetforge.fleet.errors.base import Entry

ENTRIES: tuple[Entry, ...] = (
    Entry(
        "FF-HOST-001",
        "SSH connection refused",
        "Nothing listens on that port. On the host: systemctl start sshd. Check 'port' in the config.",
        kind="transient",
        after=10,
    ),
    Entry(
        "FF-HOST-002",
        "No route to the host",
        "Check cable, VLAN and routes from this machine: ip route get ADDRESS; ping -c 3 ADDRESS.",
        kind="transient",
        after=15,
    ),
    Entry(
        "FF-HOST-003",
        "The host does not answer in time",
        "The host is down, or a firewall drops the packets. Check: nc -vz ADDRESS PORT.",
        kind="transient",
        after=15,
    ),
    Entry(
        "FF-HOST-004",
        "The host's name cannot be resolved",
        "Write the address instead of the name, or add the name to /etc/hosts of this machine.",
        kind="operator",
    ),
    Entry(
        "FF-HOST-005",
        "The host refused the password",
        "Correct user and password, then try by hand: ssh -o PubkeyAuthentication=no USER@ADDRESS.",
        kind="operator",
    ),
    Entry(
        "FF-HOST-006",
        "The host refused the private key",
        "Put the public key on the host: ssh-copy-id -i KEY.pub -p PORT USER@ADDRESS.",
        kind="operator",
    ),
    Entry(
        "FF-HOST-007",
        "The private key cannot be used",
        "Give an unencrypted OpenSSH or PEM private key that this user can read: chmod 600 KEY; ssh-keygen -y -f KEY.",
        kind="operator",
    ),
    Entry(
        "FF-HOST-008",
        "The host's SSH key is not known",
        "Compare the fingerprint with the host's console, then: ssh-keyscan -p PORT ADDRESS >> known_hosts.",
        kind="operator",
    ),
    Entry(
        "FF-HOST-009",
        "The host's SSH key has changed",
        "If the host was reinstalled: ssh-keygen -R '[ADDRESS]:PORT' -f known_hosts, then accept the new key. If"
        " it was not,"
        " somebody else answers at this address: stop here.",
        kind="operator",
    ),
    Entry(
        "FF-HOST-010",
        "What answers is not a usable SSH server",
        "Check address and port: ssh -v -p PORT USER@ADDRESS true.",
        kind="operator",
    ),
    Entry(
        "FF-HOST-011",
        "The SSH connection was lost",
        "Nothing to do unless it repeats; then look at the network between this machine and the host.",
        kind="transient",
        after=5,
    ),
    Entry(
        "FF-HOST-012",
        "A command on the host did not end in time",
        "Look at the load of the host: uptime; df -h; dmesg | tail.",
        kind="transient",
        after=15,
    ),
    Entry(
        "FF-HOST-013",
        "The login shell ends before the command runs",
        "Look at ~/.bashrc, ~/.profile and the login shell of that user for 'exit', 'exec' or a menu.",
        kind="operator",
    ),
    Entry(
        "FF-HOST-014",
        "A command on the host failed",
        "Run the command by hand on the host and read its output.",
    ),
    Entry(
        "FF-HOST-015",
        "A file on the host cannot be read or written",
        "Check owner, free space and mount options: ls -ld PATH; df -h PATH; touch PATH.test.",
        kind="operator",
    ),
    Entry(
        "FF-HOST-016",
        "A command printed more than is kept",
        "Run the command by hand on the host and see what it prints.",
    ),
)
