"""Whatever the layout: the letters come back, and no index is believed that would move them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from fasta_helpers import CODE, index_of, read_all, written
from hypothesis import given, settings
from hypothesis import strategies as st

from regtrack.errors import InputError
from regtrack.genome.content import PlainContent
from regtrack.genome.fasta import Genome
from regtrack.genome.fasta_scan import scan

WITHOUT_CLOCK = settings(max_examples=100)

Sequences = dict[str, str]

sequences = st.dictionaries(
    st.text("ab1_.", min_size=1, max_size=3),
    st.text("ACGTacgtNR", min_size=1, max_size=40),
    min_size=1,
    max_size=5,
)


def laid_out(found: Sequences, widths: list[int], end: str, comment: str, last: bool) -> bytes:
    lines = []
    for number, (name, letters) in enumerate(found.items()):
        width = widths[number % len(widths)]
        lines += [
            f">{name}{comment}",
            *(letters[i : i + width] for i in range(0, len(letters), width)),
        ]
    text = "".join(f"{line}{end}" for line in lines)
    return (text if last else text.removesuffix(end)).encode()


layouts = st.builds(
    laid_out,
    sequences,
    st.lists(st.integers(1, 45), min_size=1, max_size=3),
    st.sampled_from(["\n", "\r\n", " \n"]),
    st.sampled_from(["", " a", "\ta longer comment"]),
    st.booleans(),
)


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name) / "genome.fa"


@given(
    sequences,
    st.lists(st.integers(1, 45), min_size=1),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
    st.booleans(),
)
@WITHOUT_CLOCK
def test_the_letters_that_were_written_are_read(
    found: Sequences, widths: list[int], end: str, last: bool, compressed: bool
) -> None:
    with folder() as fasta:
        path = written(fasta, laid_out(found, widths, end, " x", last), compressed)
        for _ in range(2):  # the second time with the index of the first
            assert read_all(path) == {
                name: [CODE.get(letter.upper(), 0) for letter in letters]
                for name, letters in found.items()
            }


@given(layouts, st.data())
@WITHOUT_CLOCK
def test_a_piece_of_a_sequence_is_that_piece_of_the_whole(
    content: bytes, data: st.DataObject
) -> None:
    with folder() as fasta:
        path = written(fasta, content, data.draw(st.booleans()))
        genome = Genome(path)
        for chrom, whole in read_all(path).items():
            start = data.draw(st.integers(0, len(whole)))
            end = data.draw(st.integers(start, len(whole)))
            assert genome.codes(chrom, start, end).tolist() == whole[start:end]


def edited(content: bytes, edits: list[tuple[float, int, bytes]]) -> bytes:
    """Take some bytes out at relative places, and put others there."""
    for place, length, put in edits:
        at = round(place * len(content))
        content = content[:at] + put + content[at + length :]
    return content


byte_edits = st.lists(
    st.tuples(
        st.floats(0, 1),
        st.integers(0, 3),
        st.sampled_from([b"", b"A", b"C", b"GT", b"\n", b" ", b">", b"\r", b"\n>b\nAC", b"\n\n"]),
    ),
    min_size=1,
    max_size=3,
)


def outcome(path: Path) -> object:
    try:
        return read_all(path)
    except InputError:
        return None


def check_old_index(content: bytes, changed: bytes, compressed: bool) -> None:
    """With the index of `content`, `changed` reads as with its own, or is refused."""
    with folder() as fasta:
        path = written(fasta, content, compressed)
        Genome(path)
        written(fasta, changed, compressed)
        with_old = outcome(path)
        index_of(path).unlink(missing_ok=True)
        index_of(path, ".gzi").unlink(missing_ok=True)
        assert with_old in (None, outcome(path))


@given(layouts, byte_edits, st.booleans())
@WITHOUT_CLOCK
def test_after_any_edit_an_old_index_gives_no_other_bases(
    content: bytes, edits: list[tuple[float, int, bytes]], compressed: bool
) -> None:
    check_old_index(content, edited(content, edits), compressed)


@given(layouts, st.randoms(use_true_random=False), st.sampled_from(["swap", "drop", "double"]))
@WITHOUT_CLOCK
def test_after_any_change_of_lines_an_old_index_gives_no_other_bases(
    content: bytes, random: Random, kind: str
) -> None:
    lines = content.splitlines(keepends=True)
    first, second = (random.randrange(len(lines)) for _ in range(2))
    if kind == "swap":
        lines[first], lines[second] = lines[second], lines[first]
    elif kind == "drop":
        del lines[first]
    else:
        lines.insert(second, lines[first])
    check_old_index(content, b"".join(lines), False)


@given(layouts, layouts, st.booleans())
@WITHOUT_CLOCK
def test_the_index_of_another_file_gives_no_other_bases(
    content: bytes, other: bytes, compressed: bool
) -> None:
    check_old_index(content, other, compressed)


class InPieces(PlainContent):
    """A file whose content comes in small pieces."""

    length = 1

    def pieces(self) -> Iterator[bytes]:
        """All of it, in pieces of `length` bytes."""
        return (self.read(at, at + self.length) for at in range(0, self.size, self.length))


def scanned(content: PlainContent) -> object:
    try:
        return scan(content)
    except InputError as error:
        return str(error)


@given(layouts, byte_edits, st.integers(1, 9))
@WITHOUT_CLOCK
def test_a_scan_finds_the_same_in_pieces_of_any_length(
    content: bytes, edits: list[tuple[float, int, bytes]], length: int
) -> None:
    with folder() as fasta:
        fasta.write_bytes(edited(content, edits))
        in_pieces = InPieces(fasta)
        in_pieces.length = length
        assert scanned(in_pieces) == scanned(PlainContent(fasta))
