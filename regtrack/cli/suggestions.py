"""What a shell may put where a word is being typed: names of things, or else files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from regtrack.workspace.network_names import BUNDLED, FETCHED

if TYPE_CHECKING:
    from regtrack.genome.markers import Marker

# What no shell takes for more than a letter.
_PLAIN = re.compile(r"[\w.+/-]+")


def words(known: Iterable[str], incomplete: str) -> list[CompletionItem]:
    """Those that begin as what is typed, upper and lower case alike."""
    typed = incomplete.casefold()
    return [CompletionItem(word) for word in known if word.casefold().startswith(typed)]


def words_or_files(known: Iterable[str], incomplete: str) -> list[CompletionItem]:
    """The same; where none does, the shell is to complete the name of a file."""
    return words(known, incomplete) or [CompletionItem(incomplete, type="file")]


def checkpoints(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Networks that can predict by their names, or files."""
    return words_or_files((*BUNDLED, *FETCHED), incomplete)


def networks(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Networks that can be trained, or files."""
    table = (resources.files("regtrack.models") / "networks.txt").read_text(encoding="utf-8")
    names = (line.split()[0] for line in table.partition("\n\n")[0].splitlines()[1:])
    return words_or_files(dict.fromkeys(names), incomplete)


def devices(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Where to compute; how many GPUs there are, only torch knows."""
    return words(("auto", "cpu", "cuda"), incomplete)


def regions(context: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Chromosomes of the genome that is typed or configured, or files."""
    return words_or_files(_chromosomes(context.params.get("genome")), incomplete)


def _chromosomes(genome: Path | None) -> list[str]:
    """As the index beside a FASTA file has them; none where there is no index yet."""
    try:
        index = Path(f"{genome}.fai").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return []
    return [name for name in (line.partition("\t")[0] for line in index.splitlines()) if name]


def markers(context: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Targets, cells and categories of the markers of the model that is typed, or of the paper's.

    The whole names, which have a `|`, only where one is typed: that is inside of quotes.
    """
    listed = _markers(context.params.get("model"))
    if "|" in incomplete:
        return words((marker.name for marker in listed), incomplete)
    known = [word for one in listed for word in (one.target, one.cell, one.category)]
    return words(filter(_PLAIN.fullmatch, dict.fromkeys(known)), incomplete)


def _markers(model: Path | None) -> Sequence[Marker]:
    from regtrack.genome.catalogue import catalogue
    from regtrack.models.header import read_table

    return catalogue() if model is None else read_table(model).markers
