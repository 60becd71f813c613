"""Programs of a rehearsed machine, as text for `str.format`.

Fields: `{hostname}`, `{machine}` (x86_64 …), `{real}` (the real uname), `{name}` (in the site), `{socket}`, `{python}`.
"""

from __future__ import annotations

UNAME = """#!/bin/sh
# uname -m is the machine's; everything else is this kernel's.
case "$1" in
  -m|-p|-i|--machine) echo {machine} ;;
  -n|--nodename) echo {hostname} ;;
  -a) echo "Linux {hostname} $({real} -r) #1 SMP {machine} GNU/Linux" ;;
  *) exec {real} "$@" ;;
esac
"""
SUDO = """#!/bin/sh
# Root needs no password, other users only where run/sudo-password exists. A noisy machine complains first, as sudo
# does when it cannot resolve the host's name.
[ -e "$HOST_ROOT/run/noisy" ] &&
  echo "sudo: unable to resolve host {hostname}: Temporary failure in name resolution" >&2
never= readable=$HOST_TERMINAL
while :; do
  case "$1" in
    -u|-g|-p|-C|-h|-r|-t|-U) shift 2 ;;
    --) shift; break ;;
    -v|-V|-l) exit 0 ;;
    --non-interactive) never=1; shift ;;
    --stdin) readable=1; shift ;;
    --*) shift ;;
    -*)
      case "$1" in *n*) never=1 ;; esac
      case "$1" in *S*) readable=1 ;; esac
      shift ;;
    *=*) export "$1"; shift ;;
    *) break ;;
  esac
done
secret="$HOST_ROOT/run/sudo-password"
if [ "$USER" != root ] && [ -e "$secret" ]; then
  [ -z "$never" ] || {{ echo "sudo: a password is required" >&2; exit 1; }}
  [ -n "$readable" ] || {{ echo "sudo: a terminal is required to read the password" >&2; exit 1; }}
  left=3
  until
    printf '[sudo] password for %s: ' "$USER" >&2
    IFS= read -r given || {{ echo "sudo: no password was provided" >&2; exit 1; }}
    [ "$given" = "$(cat "$secret")" ]
  do
    left=$((left - 1))
    [ $left -gt 0 ] || {{ echo "sudo: 3 incorrect password attempts" >&2; exit 1; }}
    echo "Sorry, try again." >&2
  done
fi
[ $# -gt 0 ] || exit 0
export USER=root LOGNAME=root
exec "$@"
"""
SYSTEMCTL = """#!/bin/sh
# Active units are files. Starting and stopping the registry's units changes the rehearsed world.
units="$HOST_ROOT/run/units"
verb=
for word in "$@"; do
  case "$word" in
    -*) continue ;;
  esac
  if [ -z "$verb" ]; then verb=$word; continue; fi
  unit=${{word%.service}}
  case "$verb" in
    start|restart|enable|stop|disable)
      case "$unit" in
        harbor|registry) case "$verb" in enable|disable) ;; *) rehearsal-call unit "$verb" "$unit" || exit 1 ;; esac ;;
      esac ;;
  esac
  case "$verb" in
    start|restart) : > "$units/$unit" ;;
    stop|disable) rm -f "$units/$unit" ;;
    enable) case "$*" in *--now*) : > "$units/$unit" ;; esac ;;
    is-active) if [ -e "$units/$unit" ]; then echo active; else echo inactive; exit 3; fi ;;
    is-enabled) if [ -e "$units/$unit" ]; then echo enabled; else echo disabled; exit 1; fi ;;
    status) if [ -e "$units/$unit" ]; then echo "$unit.service - active (running)"; else
      echo "Unit $unit.service could not be found." >&2; exit 4; fi ;;
  esac
done
"""
CALL = """#!{python} -IS
# Tells the site what a command of this machine changes beyond it.
import json, socket, sys
body = json.dumps({{"argv": sys.argv[1:]}}).encode()
lines = ["POST /hosts/{name}/call HTTP/1.0", "Content-Type: application/json", "Content-Length: %d" % len(body)]
head = "\\r\\n".join([*lines, "", ""])
with socket.socket(socket.AF_UNIX) as site:
    site.connect({socket!r})
    site.sendall(head.encode() + body)
    answer = b"".join(iter(lambda: site.recv(65536), b""))
result = json.loads(answer.partition(b"\\r\\n\\r\\n")[2])
sys.stderr.write(result.get("error", ""))
sys.exit(1 if "error" in result else 0)
"""
