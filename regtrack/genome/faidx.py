"""The index of a FASTA file (.fai, .gzi): found, or made where one may write.

htslib makes it. What htslib passes over in silence (a name given twice, a record without
a name) or refuses without saying where (lines of uneven length) is looked for here.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import tempfile
from pathlib import Path
from typing import IO

import pysam

from regtrack.errors import InputError
from regtrack.genome.cache import cache_folder

_PIECE = 1 << 24
_BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


def check_format(path: Path) -> bool:
    """Tell plain FASTA (False) from bgzip (True).

    Raises
    ------
    InputError
        For anything else, an empty file, or a truncated bgzip file.
    """
    with path.open("rb") as handle:
        head = handle.read(18)
        size = handle.seek(0, os.SEEK_END)
        handle.seek(max(0, size - len(_BGZF_END)))
        tail = handle.read()
    if not head:
        raise InputError(path, "empty file; expected FASTA")
    if not head.startswith(b"\x1f\x8b"):
        if not head.startswith(b">"):
            raise InputError(path, "not a FASTA file; expected '>' as its first character", 1)
        return False
    if head[12:14] != b"BC":
        raise InputError(
            path,
            "compressed with gzip, which cannot be read by position; expected bgzip: "
            f"gunzip -c {path.name} | bgzip > new.fa.gz",
        )
    if tail != _BGZF_END:
        raise InputError(path, "truncated bgzip file (its end marker is missing)")
    return True


def make_index(path: Path, bgzipped: bool) -> tuple[Path, Path | None]:
    """Paths of the .fai and, with bgzip, the .gzi; made where missing or outdated.

    Beside the file, or in the user's cache folder where that cannot be written.

    Raises
    ------
    InputError
        When the file is not sound FASTA, or there is no folder to write to.
    """
    wanted = (".fai", ".gzi") if bgzipped else (".fai",)
    for place in _beside, _in_cache:
        folder, name = place(path)
        paths = [folder / f"{name}{suffix}" for suffix in wanted]
        if all(one.exists() and one.stat().st_mtime >= path.stat().st_mtime for one in paths):
            break
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder, prefix=f".{name}.") as aside:
                made = _build_index(path, bgzipped, Path(aside) / name)
                for source, target in zip(made, paths, strict=True):
                    source.replace(target)
            break
        except OSError as error:
            failure = error
    else:
        raise InputError(path, f"no index, and no folder to make it in ({failure})")
    return paths[0], paths[1] if bgzipped else None


def _beside(path: Path) -> tuple[Path, str]:
    return path.parent, path.name


def _in_cache(path: Path) -> tuple[Path, str]:
    """Folder and name of an index kept away from its FASTA file."""
    key = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16]
    return cache_folder() / "faidx", f"{key}_{path.name}"


def _build_index(path: Path, bgzipped: bool, target: Path) -> list[Path]:
    """Index `path` into `target`.fai (and .gzi)."""
    fai, gzi = target.with_name(f"{target.name}.fai"), target.with_name(f"{target.name}.gzi")
    verbosity = pysam.set_verbosity(0)  # htslib prints what is wrong; we raise it
    try:
        pysam.faidx(str(path), "--fai-idx", str(fai), *(["--gzi-idx", str(gzi)] * bgzipped))
        names = [line.split("\t")[0] for line in fai.read_text().splitlines()]
        sound = "" not in names and len(names) == _count_records(path, bgzipped)
    except (pysam.utils.SamtoolsError, UnicodeDecodeError):
        sound = False
        names = []
    finally:
        pysam.set_verbosity(verbosity)
    if not sound:
        _check_records(path, bgzipped)
    if not sound or not names:
        raise InputError(path, "cannot be indexed; expected FASTA")
    return [fai, gzi] if bgzipped else [fai]


def _open(path: Path, bgzipped: bool) -> IO[bytes]:
    return gzip.open(path) if bgzipped else path.open("rb")  # type: ignore[return-value]


def _count_records(path: Path, bgzipped: bool) -> int:
    """Number of lines that begin with '>': htslib passes silently over a second one of a name."""
    count, end = 0, b"\n"
    with _open(path, bgzipped) as handle:
        while piece := handle.read(_PIECE):
            count += (end + piece).count(b"\n>")
            end = piece[-1:]
    return count


def _check_records(path: Path, bgzipped: bool) -> None:
    """Name the first line that cannot be read by position."""
    names: set[bytes] = set()
    width, short = 0, 0  # bases in a line; number of the first shorter one
    with _open(path, bgzipped) as handle:
        for number, line in enumerate(handle, start=1):
            bases = len(line.rstrip())
            if line.startswith(b">"):
                name = b"".join(line[1:].split(None, 1)[:1])
                if not name or line[1:2].isspace():
                    raise InputError(path, "a sequence without a name", number)
                if name in names:
                    shown = name.decode("utf-8", "replace")
                    raise InputError(path, f"a second sequence of the name {shown}", number)
                names.add(name)
                width, short = 0, 0
            elif not names and bases:
                raise InputError(path, "not a FASTA file; expected '>'", number)
            elif bases and (short or 0 < width < bases):
                raise InputError(
                    path,
                    "a line of another length; expected all lines of a sequence but its last "
                    "to be of one length",
                    short or number,
                )
            else:
                width = width or bases
                if bases < width or not bases:
                    short = short or number
