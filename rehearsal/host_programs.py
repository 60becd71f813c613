"""Programs of a rehearsed machine, as text for `str.format`: `{hostname}`, `{machine}`, `{real}`, `{name}`, `{socket}`."""

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
# Root is root already; a noisy machine complains first, as sudo does when it cannot resolve the host's name.
[ -e "$HOST_ROOT/run/noisy" ] &&
  echo "sudo: unable to resolve host {hostname}: Temporary failure in name resolution" >&2
while :; do
  case "$1" in
    -u|-g|-p|-C|-h|-r|-t|-U) shift 2 ;;
    --) shift; break ;;
    -v|-V|-l) exit 0 ;;
    -*) shift ;;
    *=*) export "$1"; shift ;;
    *) break ;;
  esac
done
[ $# -gt 0 ] || exit 0
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
# Asks the site, which plays the cluster, to carry out a command of this machine.
import json, os, select, socket, sys
stdin = sys.stdin.read() if sys.argv[1:2] == ["kubectl"] and "-" in sys.argv else ""
body = json.dumps({{"argv": sys.argv[1:], "stdin": stdin, "directory": os.getcwd()}}).encode()
lines = ["POST /hosts/{name}/call HTTP/1.0", "Content-Type: application/json", "Content-Length: %d" % len(body)]
head = "\\r\\n".join([*lines, "", ""])
with socket.socket(socket.AF_UNIX) as site:
    site.connect({socket!r})
    site.sendall(head.encode() + body)
    answer = b"".join(iter(lambda: site.recv(65536), b""))
result = json.loads(answer.partition(b"\\r\\n\\r\\n")[2])
sys.stdout.write(result["stdout"])
sys.stdout.flush()
sys.stderr.write(result["stderr"])
sys.exit(result["exit"])
"""
