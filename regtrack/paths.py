"""Paths as people write them, and as files keep them: by name, or relative to themselves."""

from __future__ import annotations

import difflib
import os
import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from regtrack.errors import InputError, printable

_ALIKE = 0.75  # of names up to their dot; model and modle are .8, hg19 and hg38 .5
_ESCAPE = re.compile(rb"\\x([89a-f][0-9a-f])")


def expanded(text: str | Path) -> Path:
    """A path as it was written, with `~` or `~user` in front as that home folder.

    Raises
    ------
    InputError
        Where nobody of that name has one, or the text cannot be a path.
    """
    if "\0" in str(text):
        raise InputError(printable(str(text)), "a path with a NUL byte; expected none")
    path = Path(text)
    try:
        return path.expanduser()
    except RuntimeError as error:
        if os.path.lexists(path):
            return path  # a file whose name begins with ~
        raise InputError(path, f"there is no home folder {path.parts[0]}") from error


class Labelled(NamedTuple):
    """A path, and what it is called; None where it was not said."""

    path: Path
    label: str | None = None

    @classmethod
    def of(cls, text: str | Path) -> Labelled:
        """Read `LABEL=PATH`, or a path alone: also one with `=` in it, if it is there.

        Raises
        ------
        InputError
            When no path follows, or as `expanded`.
        """
        label, sign, path = str(text).partition("=")
        if not sign or is_there(whole := expanded(text)):
            return cls(expanded(text))
        if not path:
            raise InputError(str(whole), "expected LABEL=PATH, or a path that is there")
        return cls(expanded(path), label)


def is_there(path: str | Path) -> bool:
    """Whether a file or folder lies there; nothing does under a name that no disk takes."""
    return os.path.exists(path)  # noqa: PTH110 - Path.exists raises for such a name


def nearest(missing: str | Path) -> str:
    """What follows in the error about a path that is not there; empty where nothing helps.

    `; genome.fa.gz lies beside it` of the name that is most alike, or `; there is no folder data`.
    """
    path = Path(os.fsdecode(missing))
    folder, (name, _, ending) = path.parent, path.name.partition(".")
    if not is_there(folder):
        return f"; there is no folder {folder}"
    try:
        names = sorted(each.name for each in folder.iterdir())
    except OSError:  # which another message is about
        return ""
    same_kind: dict[str, str] = {}
    for each in names:
        stem, _, its_ending = each.partition(".")
        # genome.fa and genome.fa.gz, model and model.safetensors; not model.fa and model.bed.
        if stem and (its_ending.startswith(ending) or ending.startswith(its_ending)):
            same_kind.setdefault(stem, each)
    alike = difflib.get_close_matches(name, same_kind, 1, _ALIKE)
    return "".join(f"; {shown(same_kind[one])} lies beside it" for one in alike)


def named(path: str | Path) -> str:
    """The last part of a path, by which what is written knows a file.

    Where it lay is of no use elsewhere, and nobody's business once that is published.
    """
    return shown(Path(os.path.normpath(Path.cwd() / path)).name)


def shown(name: str) -> str:
    """A name as people read it, on one line: UTF-8, as `as_text` makes it, that can be printed."""
    return printable(as_text(name))


def as_text(path: str | Path) -> str:
    r"""A path that any file can hold: bytes that are no UTF-8 become escapes, as in `caf\xe9`."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def from_text(text: str | Path) -> Path:
    """Inverse of `as_text`; a path that does lie there is taken as it stands."""
    if os.path.lexists(text):
        return Path(text)
    raw = _ESCAPE.sub(lambda byte: bytes.fromhex(byte[1].decode()), os.fsencode(text))
    return Path(os.fsdecode(raw))


def region_named(region: str) -> str:
    """A region as it was typed, or the name of the BED file that lists it."""
    return named(region) if os.sep in region else shown(region)


def is_text(path: str | Path) -> bool:
    """Whether a path is UTF-8; Linux takes any bytes, and Python has surrogates for the others."""
    return as_text(path) == str(path)


@contextmanager
def utf8_path(path: Path) -> Iterator[Path]:
    """A path to a file for libraries that take nothing but UTF-8, for as long as the body runs.

    Raises
    ------
    OSError
        When the path is no text, and the file (or its folder, where only that is none) not there.
    """
    if is_text(path):
        yield path
        return
    inside = is_text(path.name)
    opened = os.open(path.parent if inside else path, os.O_RDONLY)
    try:
        # Where such names can be, in Linux, every open file has another one.
        another = Path(f"/proc/self/fd/{opened}")
        yield another / path.name if inside else another
    finally:
        os.close(opened)


def shell_word(path: Path) -> str:
    """A path as it is typed in a shell; bash and zsh read what cannot be printed as escapes."""
    text = str(path)
    if text.isprintable():
        return shlex.quote(text)
    letters = (chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}" for byte in os.fsencode(text))
    return (
        "$'" + "".join(letter if letter not in "\\'" else f"\\{letter}" for letter in letters) + "'"
    )


def file_state(path: Path) -> tuple[int, int, int]:
    """What tells a file from its successor of the same name."""
    state = path.stat()
    return state.st_ino, state.st_mtime_ns, state.st_size
