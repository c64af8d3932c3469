"""The genome: a FASTA file, plain or bgzip, read by position."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pyfaidx
import pysam

from regtrack.errors import InputError
from regtrack.genome.intervals import IntervalSet

Codes = npt.NDArray[np.uint8]

# N=0, A=1, C=2, T=3, G=4, as the paper's published code has it. Soft-masked (lower
# case) bases are bases; any letter but ACGT is N.
BASES = "NACTG"
_CODE_OF = np.zeros(256, dtype=np.uint8)
for _code, _base in enumerate(BASES):
    _CODE_OF[ord(_base)] = _CODE_OF[ord(_base.lower())] = _code

_SCAN_LENGTH = 1 << 24
_BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


class Genome:
    """Random access to the sequence of a FASTA file.

    A missing or outdated index is made beside the file, or, where that folder cannot
    be written, in the user's cache folder. Not to be shared between threads.

    Parameters
    ----------
    path
        FASTA, plain or bgzip.

    Raises
    ------
    InputError
        When the file is empty, truncated, gzip but not bgzip, or not FASTA.
    OSError
        When the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        bgzipped = _check_format(path)
        fai, gzi = _index(path, bgzipped)
        try:
            self._file = pysam.FastaFile(
                str(path),
                filepath_index=str(fai),
                filepath_index_compressed=str(gzi) if gzi else None,
            )
        except (OSError, ValueError) as error:
            raise InputError(path, f"cannot be opened with its index {fai}: {error}") from error
        self.chrom_sizes: Mapping[str, int] = MappingProxyType(
            dict(zip(self._file.references, self._file.lengths, strict=True))
        )

    def codes(self, chrom: str, start: int, end: int) -> Codes:
        """Coded bases of [start, end), 0-based, half-open.

        Returns
        -------
        uint8 array of shape (end - start,)
            N=0, A=1, C=2, T=3, G=4. Positions outside the chromosome are N, so that
            a window may reach over its ends.

        Raises
        ------
        InputError
            When the file holds less sequence than its index says.
        """
        size = self.chrom_sizes[chrom]
        first, last = max(start, 0), min(end, size)
        codes = np.zeros(end - start, dtype=np.uint8)
        if first < last:
            try:
                text = self._file.fetch(chrom, first, last)
            except (OSError, ValueError) as error:
                raise self._short(chrom) from error
            if len(text) != last - first:
                raise self._short(chrom)
            codes[first - start : last - start] = _CODE_OF[np.frombuffer(text.encode(), np.uint8)]
        return codes

    def known(self, regions: Mapping[str, IntervalSet]) -> dict[str, IntervalSet]:
        """The bases of some regions that are not N, in memory that does not grow with them.

        Chromosomes without a known base are left out.
        """
        found = {}
        for chrom, intervals in regions.items():
            starts: list[int] = []
            ends: list[int] = []
            for offset, codes in self._scan(chrom, intervals):
                known = np.zeros(len(codes) + 2, dtype=bool)
                known[1:-1] = codes > 0
                edges = np.flatnonzero(known[1:] != known[:-1]) + offset
                starts += edges[0::2].tolist()
                ends += edges[1::2].tolist()
            if starts:
                found[chrom] = IntervalSet.of(starts, ends)
        return found

    def digest(self, regions: Mapping[str, IntervalSet]) -> str:
        """SHA-256 of the coded sequence of some regions, to tell two genomes apart."""
        total = hashlib.sha256()
        for chrom, intervals in regions.items():
            for start, end in intervals:
                total.update(f"{chrom}\t{start}\t{end}\n".encode())
            for _, codes in self._scan(chrom, intervals):
                total.update(codes.tobytes())
        return total.hexdigest()

    def _scan(self, chrom: str, intervals: IntervalSet) -> Iterator[tuple[int, Codes]]:
        """Start and codes of consecutive pieces that together are the intervals."""
        for first, last in intervals:
            for start in range(first, last, _SCAN_LENGTH):
                yield start, self.codes(chrom, start, min(start + _SCAN_LENGTH, last))

    def _short(self, chrom: str) -> InputError:
        return InputError(
            self.path,
            f"less sequence of {chrom} than its index says: the file is truncated, or the "
            ".fai belongs to another file",
        )


def sizes_fingerprint(chrom_sizes: Mapping[str, int]) -> str:
    """SHA-256 of the chromosomes' names and lengths, whatever their order."""
    lines = "".join(f"{chrom}\t{size}\n" for chrom, size in sorted(chrom_sizes.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def _check_format(path: Path) -> bool:
    """Tell plain FASTA (False) from bgzip (True); anything else is an error."""
    with path.open("rb") as handle:
        head = handle.read(18)
        size = handle.seek(0, os.SEEK_END)
        handle.seek(max(0, size - len(_BGZF_END)))
        tail = handle.read()
    if not head:
        raise InputError(path, "empty file; expected FASTA")
    if not head.startswith(b"\x1f\x8b"):
        if not head.lstrip().startswith((b">", b";")):
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


def _index(path: Path, bgzipped: bool) -> tuple[Path, Path | None]:
    """Paths of the .fai and .gzi, made first where they are missing or outdated."""
    wanted = (".fai", ".gzi") if bgzipped else (".fai",)
    for folder, name in (path.parent, path.name), _cache_place(path):
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


def _cache_place(path: Path) -> tuple[Path, str]:
    """Folder and name of an index kept away from its FASTA file."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    key = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16]
    return Path(home) / "regtrack" / "faidx", f"{key}_{path.name}"


def _build_index(path: Path, bgzipped: bool, target: Path) -> list[Path]:
    """Index `path` into `target`.fai (and .gzi); pyfaidx names the line that is wrong."""
    fai, gzi = target.with_name(f"{target.name}.fai"), target.with_name(f"{target.name}.gzi")
    if bgzipped:
        try:
            pysam.faidx(str(path), "--fai-idx", str(fai), "--gzi-idx", str(gzi))
        except pysam.utils.SamtoolsError as error:
            raise InputError(path, "cannot be indexed; expected FASTA inside bgzip") from error
        return [fai, gzi]
    try:
        pyfaidx.Faidx(str(path), indexname=str(fai), rebuild=True).close()
    except (pyfaidx.FastaIndexingError, pyfaidx.IndexNotFoundError, ValueError) as error:
        raise InputError(path, f"cannot be indexed: {error}") from error
    return [fai]
