"""How kk prints help: the layout of the Go library cobra 1.5."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fleetforge.rehearsal.kk.command_tree import Command, Flag

_MIN_PADDING = 11


def help_text(path: Sequence[Command]) -> str:
    """The answer to `--help` of the last command of `path` (from the root down)."""
    command = path[-1]
    return f"{command.long or command.short}\n\n{usage_text(path)}"


def usage_text(path: Sequence[Command]) -> str:
    """The part from `Usage:` on; kk also prints it below a wrong flag."""
    command = path[-1]
    full = " ".join(part.name for part in path)
    blocks = [f"Usage:\n  {full} {'[flags]' if command.runs else '[command]'}"]
    if command.aliases:
        blocks.append(f"Aliases:\n  {', '.join((command.name, *command.aliases))}")
    if command.children:
        blocks.append("Available Commands:\n" + _children(command.children))
    blocks.append("Flags:\n" + _flags((*command.flags, Flag("help", f"help for {command.name}", short="h"))))
    if command.children:
        blocks.append(f'Use "{full} [command] --help" for more information about a command.')
    return "\n\n".join(blocks) + "\n"


def _children(children: Sequence[Command]) -> str:
    width = max(_MIN_PADDING, *(len(child.name) for child in children))
    return "\n".join(f"  {child.name.ljust(width)} {child.short}" for child in children)


def _flags(flags: Iterable[Flag]) -> str:
    ordered = sorted(flags, key=lambda flag: flag.name)
    heads = [_head(flag) for flag in ordered]
    width = max(len(head) for head in heads)
    return "\n".join(
        f"{head.ljust(width)}   {flag.usage}{_default(flag)}" for head, flag in zip(heads, ordered, strict=True)
    )


def _head(flag: Flag) -> str:
    short = f"  -{flag.short}, " if flag.short else "      "
    return f"{short}--{flag.name}" + (f" {flag.kind}" if flag.kind else "")


def _default(flag: Flag) -> str:
    if not flag.default:
        return ""
    if flag.kind == "string":
        return f' (default "{flag.default}")'
    return f" (default [{flag.default}])" if flag.kind == "stringArray" else f" (default {flag.default})"
