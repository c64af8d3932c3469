"""Writing bgzip, which can be read by position, and making it of gzip."""

from __future__ import annotations

import errno
import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pysam

from regtrack.errors import InputError

_PIECE = 1 << 20
# Of a genome, level 2 makes 91 MB a second and is 10% larger than level 6, which makes 9.
_LEVEL = 2


@contextmanager
def writing_bgzip(path: Path, level: int) -> Iterator[pysam.BGZFile]:
    """Open a bgzip file to write it, and close it: what htslib has to say of a full disk is raised.

    Raises
    ------
    OSError
        When it cannot be written; without a number, for htslib does not say what it was.
    """
    verbosity = pysam.set_verbosity(0)  # htslib prints what is wrong, too
    mode: Any = f"wb{level}"
    try:
        file = pysam.BGZFile(str(path), mode, None)
        try:
            yield file
            file.close()
        except BaseException:
            # A file that could not be flushed is open still, and would be closed, and complain on
            # stderr, whenever its memory is given back.
            with suppress(OSError):
                file.close()
            with suppress(OSError):
                file.close()
            raise
    finally:
        pysam.set_verbosity(verbosity)


def recompress(source: Path, target: Path, advance: Callable[[int], object]) -> None:
    """Write the content of a gzip file to a bgzip file, in memory that does not grow with it.

    Parameters
    ----------
    advance
        Is called with the number of bytes of `source` that were read so far.

    Raises
    ------
    InputError
        When `source` is truncated or damaged.
    OSError
        When `target` cannot be written; it names it.
    """
    try:
        with source.open("rb") as raw, gzip.open(raw) as text:
            target.touch()
            with writing_bgzip(target, _LEVEL) as packed:
                while piece := _read(source, text):
                    packed.write(piece)
                    advance(raw.tell())
    except OSError as error:
        if error.filename is not None or error.errno is not None:
            raise
        message = "not written whole; is the disk full?"  # htslib does not say what it was
        raise OSError(errno.EIO, message, str(target)) from error


def _read(path: Path, text: gzip.GzipFile) -> bytes:
    """The next piece of a gzip file."""
    try:
        return text.read(_PIECE)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(path, f"truncated or damaged gzip file ({error})") from error
