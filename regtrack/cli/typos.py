"""What was meant by options, commands and variables that regtrack does not have."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence

import click

# As other programs call it, and as this one does; of several, what the command has.
_OPTIONS: Mapping[str, Sequence[str]] = {
    "--lr": ("--learning-rate",),
    "--threads": ("--workers", "--jobs"),
    "--cpus": ("--workers", "--jobs"),
    "--cores": ("--workers", "--jobs"),
    "--processes": ("--workers", "--jobs"),
    "--num-workers": ("--workers", "--jobs"),
    "-@": ("--workers", "--jobs"),
    "-j": ("--workers", "--jobs"),
    "-t": ("--workers", "--jobs"),
    "-p": ("--workers", "--jobs"),
    "-o": ("--out", "--export"),
    "-O": ("--out", "--export"),
    "--output": ("--out", "--export"),
    "--outdir": ("--out", "--export"),
    "--fasta": ("--genome",),
    "--ref": ("--genome", "--reference"),
    "--reference": ("--genome",),
    "--checkpoint": ("--model",),
    "--weights": ("--model",),
    "--network": ("--model",),
    "--gtf": ("--genes",),
    "--blacklist": ("--exclude",),
    "--gpu": ("--device",),
    "--gpus": ("--device",),
    "--cuda": ("--device",),
    "--cell": ("--markers", "--marker"),
    "--target": ("--markers", "--marker"),
    "--threshold": ("--peak-threshold",),
    "--overwrite": ("--force",),
    "-f": ("--force",),
    "--n-trials": ("--trials",),
    "--chrom": ("--region",),
    "--regions": ("--region",),
}
_COMMANDS: Mapping[str, str] = {
    "score": "eval",
    "evaluate": "eval",
    "test": "eval",
    "view": "browse",
    "show": "browse",
    "igv": "session",
    "ucsc": "hub",
    "download": "fetch",
    "check": "doctor",
    "status": "info",
    "dataset": "prepare",
    "networks": "models",
    "tune": "search",
    "call": "predict",
}
# Options of regtrack itself, which stand before its command.
_OF_ALL = ("--quiet", "--debug")
_PREFIX = "REGTRACK_"
_NEAR = 0.8


def meant_option(name: str, known: Collection[str]) -> str | None:
    """The option of a command that is called otherwise elsewhere; None where there is none."""
    return next((option for option in _OPTIONS.get(name, ()) if option in known), None)


def understood(words: list[str]) -> list[str]:
    """`help predict` as `predict --help`, `version` as `--version`, `--quiet` wherever it is."""
    own = [word for word in _OF_ALL if word in words]
    if own and "--" not in words:
        return [*own, *understood([word for word in words if word not in own])]
    if words[:1] == ["help"]:
        return [*words[1:], "--help"]
    return ["--version"] if words == ["version"] else words


def refuse_command(context: click.Context, name: str) -> None:
    """Say which command does what another program's does.

    Raises
    ------
    click.UsageError
        Where there is one.
    """
    if name in _COMMANDS:
        context.fail(f"No such command {name!r}. Did you mean {_COMMANDS[name]!r}?")


def misspelt_variables(
    environment: Collection[str], known: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Variables that are nearly one of regtrack's, each with that one."""
    rest = [name.removeprefix(_PREFIX) for name in known]
    for name in sorted(set(environment) - set(known)):
        if name.startswith(_PREFIX):
            near = difflib.get_close_matches(name.removeprefix(_PREFIX), rest, 1, _NEAR)
            yield from ((name, _PREFIX + one) for one in near)
