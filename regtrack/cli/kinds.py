"""What options take: paths, regions, names of things, counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from regtrack.cli import suggestions
from regtrack.errors import InputError
from regtrack.notes import note
from regtrack.paths import Labelled, expanded, is_there

_MOST = 2**31 - 1  # numpy counts no further than 2**63, also not after multiplying
_UNTOLD = (_MOST, 2**63 - 1)


class File(click.Path):
    """A path; `~` in front of it is a home folder also where the shell leaves it, as in --out=~/x.

    So it is in variables and in regtrack.toml.
    """

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path."""
        return super().convert(expanded(value), param, ctx)


class LabelledFile(File):
    """`PATH` or `LABEL=PATH`: one of several."""

    name = "[label=]path"

    def convert(self, value: Any, *_: Any) -> Any:
        """The path, with its label."""
        return value if isinstance(value, Labelled) else Labelled.of(value)


class Fasta(File):
    """A genome; where it is missing, it is said how to come by one."""

    def get_missing_message(self, *_: Any, ctx: click.Context | None = None, **__: Any) -> str:
        """What follows "Missing option '--genome'."; another folder may have it configured."""
        unconfigured = ctx is not None and ctx.find_root().default_map is None
        nowhere = "; no regtrack.toml is here or above" if unconfigured else ""
        return f"A FASTA file, or: regtrack fetch genome hg19, then regtrack init{nowhere}"


class Peaks(File):
    """Measured peaks; where they are missing, it is said how to come by some."""

    def get_missing_message(self, *_: Any, **__: Any) -> str:
        """What follows "Missing option '--peaks'."."""
        return "Your peak files, or those of hg19: regtrack fetch peaks, then regtrack init"


class Named(click.types.StringParamType):
    """A name or the path of a file; which, the library finds out."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The text, with a home folder for `~`, which is in front of no name."""
        text = super().convert(value, param, ctx)
        return str(expanded(text)) if text.startswith("~") else text


class Region(Named):
    """A region or the path of a BED file."""

    name = "region"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Chromosomes, or files."""
        return suggestions.regions(ctx, param, incomplete)


class Model(Named):
    """A checkpoint: its path, or the name of a network that was fetched.

    One that regtrack.toml names and that its `[train]` is still to write does not stand in the
    way of the network that is taken where none is named.
    """

    name = "model"

    def __init__(self, *, or_folder: bool = False) -> None:
        self._or_folder = or_folder

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Names of networks, or files."""
        return suggestions.checkpoints(ctx, param, incomplete)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path."""
        if isinstance(value, Path):
            return value
        from regtrack.workspace.networks import find_model

        text = super().convert(value, param, ctx)
        if param is not None and ctx is not None and isinstance(param.default, str):
            there = Path(text)
            if _is_configured(param, ctx) and there.is_absolute() and not is_there(there):
                text = _until_trained(there, param.default, ctx)
        return find_model(text, or_folder=self._or_folder)


def _is_configured(param: click.Parameter, ctx: click.Context) -> bool:
    """Whether a value is that of regtrack.toml, whose paths are absolute."""
    return ctx.get_parameter_source(str(param.name)) is ParameterSource.DEFAULT_MAP


def _until_trained(missing: Path, default: str, ctx: click.Context) -> str:
    """What is taken for a checkpoint of regtrack.toml that is not there.

    Raises
    ------
    InputError
        Where training is not to write it, as by a slip in its name; and for a plan, whose shards
        would all be those of another network.
    """
    if ctx.params.get("shard") is not None:  # the plan has the model
        return str(missing)
    trained = ((ctx.find_root().default_map or {}).get("train") or {}).get("out")
    if trained is None or Path(trained) != missing:
        other = f", which is {trained}" if trained else ""
        raise InputError(
            missing,
            "no such checkpoint; regtrack.toml names it as model, and it is not the out of its "
            f"[train]{other}",
        )
    if ctx.params.get("shards") is not None:
        raise InputError(
            missing,
            "not there yet (regtrack train makes it), and shards are planned for no other that "
            "is not named: --model",
        )
    note(f"{missing}: not there yet (regtrack train makes it); {default} is taken")
    return default


class Count(click.IntRange):
    """A whole number of a size that can be computed with."""

    def __init__(self, least: int = 1, most: int = _MOST) -> None:
        super().__init__(least, most)

    def _describe_range(self) -> str:
        """Say the upper limit only where somebody would come near it."""
        return f"x>={self.min}" if self.max in _UNTOLD else super()._describe_range()
