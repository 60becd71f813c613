"""What was asked for: kk's command line, read as cobra and pflag read it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from fleetforge.rehearsal.kk.command_tree import ROOT, Command, Flag
from fleetforge.rehearsal.kk.usage import help_text, usage_text


class Answered(Exception):
    """The command line itself is the end of it: texts for both streams and the exit code."""

    def __init__(self, code: int, *, out: str = "", err: str = "") -> None:
        super().__init__(err or out)
        self.code = code
        self.out = out
        self.err = err


@dataclass(frozen=True)
class Arguments:
    """A command that runs: its name below `kk`, positional words and flag values."""

    command: str
    words: tuple[str, ...]
    values: dict[str, list[str]] = field(default_factory=dict)
    defaults: dict[str, str] = field(default_factory=dict)

    def text(self, flag: str) -> str:
        """The last value of a flag, its default when it was not given."""
        return self.values.get(flag, [self.defaults.get(flag, "")])[-1]

    def all(self, flag: str) -> list[str]:
        """Every value of a repeatable flag; commas separate values too."""
        given = self.values.get(flag)
        return [part for value in given for part in value.split(",")] if given else [self.defaults.get(flag, "")]

    def on(self, switch: str) -> bool:
        """Whether a switch is set."""
        return self.values.get(switch, ["false"])[-1] == "true"

    def given(self, flag: str) -> bool:
        return flag in self.values


def parsed(argv: Sequence[str]) -> Arguments:
    """Read the words after `kk`; raises `Answered` for help, unknown commands and wrong flags."""
    path, rest = _found(argv)
    command = path[-1]
    words, values = _flags(path, rest)
    if values.get("help") or not command.runs:
        raise Answered(0, out=help_text(path))
    defaults = {flag.name: flag.default for flag in command.flags}
    return Arguments(" ".join(part.name for part in path[1:]), tuple(words), values, defaults)


def _found(argv: Sequence[str]) -> tuple[list[Command], list[str]]:
    """Walk down the tree by the words that are no flags; a group takes an unknown word as its own argument."""
    path, rest = [ROOT], list(argv)
    if rest[:1] == ["help"]:
        rest = [*rest[1:], "--help"]
    while rest and not rest[0].startswith("-") and path[-1].children:
        child = next((c for c in path[-1].children if rest[0] in (c.name, *c.aliases)), None)
        if child is None or child.listed_only:
            break
        path.append(child)
        rest.pop(0)
    if len(path) == 1 and rest and not rest[0].startswith("-"):
        raise Answered(1, err=f'Error: unknown command "{rest[0]}" for "kk"\nRun \'kk --help\' for usage.\n')
    return path, rest


def _flags(path: list[Command], rest: list[str]) -> tuple[list[str], dict[str, list[str]]]:
    words: list[str] = []
    values: dict[str, list[str]] = {}
    known = {flag.name: flag for flag in (*path[-1].flags, Flag("help", "", short="h"))}
    queue = list(rest)
    while queue:
        argument = queue.pop(0)
        if argument == "--":
            words += queue
            break
        if argument.startswith("--"):
            _long(path, known, argument, queue, values)
        elif argument.startswith("-") and len(argument) > 1:
            _short(path, known, argument, queue, values)
        else:
            words.append(argument)
    return words, values


def _long(
    path: list[Command], known: dict[str, Flag], argument: str, queue: list[str], values: dict[str, list[str]]
) -> None:
    name, equals, value = argument[2:].partition("=")
    flag = known.get(name)
    if flag is None:
        raise _refused(path, f"unknown flag: --{name}")
    if not flag.kind:
        values.setdefault(name, []).append(value if equals else "true")
    elif equals:
        values.setdefault(name, []).append(_checked(path, flag, value))
    elif queue:
        values.setdefault(name, []).append(_checked(path, flag, queue.pop(0)))
    else:
        raise _refused(path, f"flag needs an argument: --{name}")


def _short(
    path: list[Command], known: dict[str, Flag], argument: str, queue: list[str], values: dict[str, list[str]]
) -> None:
    letters = argument[1:]
    while letters:
        letter, letters = letters[0], letters[1:]
        flag = next((flag for flag in known.values() if flag.short == letter), None)
        if flag is None:
            raise _refused(path, f"unknown shorthand flag: '{letter}' in {argument}")
        if not flag.kind:
            values.setdefault(flag.name, []).append("true")
            continue
        if not letters and not queue:
            raise _refused(path, f"flag needs an argument: '{letter}' in {argument}")
        value = letters.removeprefix("=") or queue.pop(0)
        values.setdefault(flag.name, []).append(_checked(path, flag, value))
        return


def _checked(path: list[Command], flag: Flag, value: str) -> str:
    if flag.kind == "int" and not re.fullmatch(r"[-+]?\d+", value):
        why = f'strconv.ParseInt: parsing "{value}": invalid syntax'
        raise _refused(path, f'invalid argument "{value}" for "--{flag.name}" flag: {why}')
    return value


def usage_error(command: str, why: str) -> Answered:
    """What kk answers when it finds a flag's value wrong only when the command (its words below ``kk``) runs."""
    return _refused(_found(command.split())[0], why)


def _refused(path: list[Command], why: str) -> Answered:
    return Answered(1, err=f"Error: {why}\n{usage_text(path)}\n")
