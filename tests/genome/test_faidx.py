"""The index of a FASTA file: made, believed, or made anew."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import pyfaidx
import pysam
import pytest
from builders import write_fasta
from fasta_helpers import CODE, bgzip, index_of, read, read_all, written

from regtrack.atomic import replacing
from regtrack.errors import InputError
from regtrack.genome.content import PlainContent
from regtrack.genome.fasta import Genome


def test_an_index_is_made_beside_the_file(fasta: Path, cache: Path) -> None:
    Genome(write_fasta(fasta, {"chr1": "ACGT"}))
    Genome(bgzip(fasta))
    assert sorted(one.name for one in fasta.parent.iterdir()) == [
        "genome.fa",
        "genome.fa.fai",
        "genome.fa.gz",
        "genome.fa.gz.fai",
        "genome.fa.gz.gzi",
    ]
    assert not cache.exists()


def test_an_index_that_stands_is_used_as_it_is(fasta: Path) -> None:
    Genome(write_fasta(fasta, {"chr1": "ACGT"}))
    index = fasta.with_name("genome.fa.fai")
    before = index.stat()
    Genome(fasta)
    after = index.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_bgzip_file_without_its_second_index_gets_it(fasta: Path) -> None:
    path = bgzip(write_fasta(fasta, {"chr1": "ACGT"}))
    Genome(path)
    path.with_name("genome.fa.gz.gzi").unlink()
    assert read(path) == [1, 2, 4, 3]


@pytest.fixture
def read_only(fasta: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of `fasta`, refusing new files as a mounted genome library does.

    Permissions would not do: tests may run as root.
    """

    def refusing(path: Path) -> AbstractContextManager[Path]:
        if path.parent == fasta.parent:
            raise PermissionError(13, "Permission denied", str(path))
        return replacing(path)

    monkeypatch.setattr("regtrack.genome.faidx.replacing", refusing)
    return fasta.parent


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "bgzip"])
@pytest.mark.usefixtures("read_only")
def test_where_the_folder_cannot_be_written_the_index_goes_to_the_cache(
    fasta: Path, cache: Path, compressed: bool
) -> None:
    write_fasta(fasta, {"chr1": "ACGT"})
    path = bgzip(fasta) if compressed else fasta
    assert read(path) == [1, 2, 4, 3]
    assert not path.with_name(f"{path.name}.fai").exists()
    expected = {".fai", ".gzi"} if compressed else {".fai"}
    assert {one.suffix for one in cache.iterdir()} == expected
    assert read(path) == [1, 2, 4, 3]  # and from there it is read


@pytest.mark.usefixtures("read_only")
def test_files_of_one_name_do_not_share_an_index_in_the_cache(fasta: Path, cache: Path) -> None:
    write_fasta(fasta, {"chr1": "ACGT"})
    Genome(fasta)
    other = fasta.parent / "sub" / fasta.name
    other.parent.mkdir()
    shutil.copy(fasta, other)
    Genome(other)
    Genome(fasta)
    assert len(list(cache.iterdir())) == 1
    assert other.with_name(f"{other.name}.fai").exists()


@pytest.mark.usefixtures("read_only")
def test_with_no_folder_for_an_index_the_error_says_so(
    fasta: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "a-file"
    blocked.touch()
    monkeypatch.setenv("REGTRACK_CACHE", str(blocked))
    write_fasta(fasta, {"chr1": "ACGT"})
    with pytest.raises(InputError, match=r"genome\.fa: no index, and no folder to write one to"):
        Genome(fasta)


ONE, TWO, THREE = "ACGTTGCAAC" * 7 + "ACG", "TTGACCA" * 9, "GGCATA" * 20


def fasta_text(sequences: Mapping[str, str], width: int = 10, end: str = "\n") -> bytes:
    lines = []
    for header, letters in sequences.items():
        lines += [f">{header}", *(letters[i : i + width] for i in range(0, len(letters), width))]
    return "".join(f"{line}{end}" for line in lines).encode()


RECORDS = {"chr1 a": ONE, "chr2": TWO, "chr3": THREE}
STATES = {
    "a longer header": {"chr1 a longer header": ONE, "chr2": TWO, "chr3": THREE},
    "swapped records": {"chr2": TWO, "chr1 a": ONE, "chr3": THREE},
    "a record at the end": {**RECORDS, "chr4": "ACGT"},
    "a record in front": {"chr0": "ACGT", **RECORDS},
    "a record in between": {"chr1 a": ONE, "chr1_alt": ONE, "chr2": TWO, "chr3": THREE},
    "a record renamed": {"chr1 a": ONE, "chrX": TWO, "chr3": THREE},
    "a name that goes on": {"chr1a": ONE, "chr2": TWO, "chr3": THREE},
    "two names that change places": {"chr1 a": ONE, "chr3": TWO, "chr2": THREE},
    "the first record removed": {"chr2": TWO, "chr3": THREE},
    "the last record removed": {"chr1 a": ONE, "chr2": TWO},
    "a record removed in between": {"chr1 a": ONE, "chr3": THREE},
    "a base more": {"chr1 a": ONE, "chr2": TWO + "A", "chr3": THREE},
    "a base less": {"chr1 a": ONE, "chr2": TWO, "chr3": THREE[:-1]},
    "a line more": {"chr1 a": ONE + "A" * 10, "chr2": TWO, "chr3": THREE},
}
BEFORE = fasta_text(RECORDS)
AFTER = {
    **{state: fasta_text(sequences) for state, sequences in STATES.items()},
    "other line ends": fasta_text(RECORDS, end="\r\n"),
    "another width": fasta_text(RECORDS, width=11),
    "lines joined": fasta_text(RECORDS, width=1_000),
}


def letters_of(content: bytes) -> dict[str, list[int]]:
    """What a FASTA file says, by the plainest reader."""
    records = content.decode().replace("\r", "").split(">")[1:]
    return {
        header.split()[0]: [CODE[letter] for letter in "".join(lines)]
        for header, *lines in (record.splitlines() for record in records)
    }


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "bgzip"])
@pytest.mark.parametrize("state", AFTER)
def test_an_index_of_an_earlier_state_is_made_anew_and_a_note_says_so(
    fasta: Path, state: str, compressed: bool, caplog: pytest.LogCaptureFixture
) -> None:
    path = written(fasta, BEFORE, compressed)
    assert read_all(path) == letters_of(BEFORE)
    assert caplog.messages == []
    written(fasta, AFTER[state], compressed)
    make_newer(index_of(path), than=path)
    assert read_all(path) == letters_of(AFTER[state])
    assert any(str(index_of(path)) in one and "does not fit" in one for one in caplog.messages)
    caplog.clear()
    assert read_all(path) == letters_of(AFTER[state])
    assert caplog.messages == []


def make_newer(path: Path, than: Path) -> None:
    moment = than.stat().st_mtime + 10
    os.utime(path, (moment, moment))


def test_an_older_index_that_fits_is_left_alone(fasta: Path) -> None:
    fasta.write_bytes(BEFORE)
    Genome(fasta)
    os.utime(index_of(fasta), (0, 0))
    assert read_all(fasta) == letters_of(BEFORE)
    assert index_of(fasta).stat().st_mtime == 0


FAI = b"chr1\t73\t8\t10\t11\nchr2\t63\t95\t10\t11\nchr3\t120\t171\t10\t11\n"
BAD_FAI = {
    "cut at a line's end": FAI[: FAI.index(b"chr2")],
    "cut inside a line": FAI[:-8],
    "cut inside its last number": FAI[:-2],
    "without its first line": FAI[FAI.index(b"chr2") :],
    "empty": b"",
    "of another file": b"chr1\t30000\t6\t60\t61\nchr2\t24000\t30512\t60\t61\n",
    "a line twice": FAI[: FAI.index(b"chr2")] + FAI,
    "no numbers": b"no index at all\n",
    "a column less": FAI.replace(b"\t11\n", b"\n"),
    "a column more": FAI.replace(b"\t11\n", b"\t11\t12\n"),
    "not UTF-8": FAI.replace(b"chr2", b"chr\xff"),
    "NUL": bytes(len(FAI)),
    "a negative length": FAI.replace(b"\t73\t", b"\t-73\t"),
    "a negative offset": FAI.replace(b"\t95\t", b"\t-95\t"),
    "20 digits": FAI.replace(b"\t120\t", b"\t99999999999999999999\t"),
    "18 digits": FAI.replace(b"\t120\t", b"\t999999999999999999\t"),
    "lines of no bases": FAI.replace(b"\t10\t11", b"\t0\t1"),
    "lines of no width": FAI.replace(b"\t10\t11", b"\t10\t0"),
    "lines without an end": FAI.replace(b"\t10\t11", b"\t10\t10"),
    "a length of none": FAI.replace(b"\t63\t", b"\t0\t"),
    "gzip": b"\x1f\x8b\x08\x04" + FAI,
}


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "bgzip"])
@pytest.mark.parametrize("damage", BAD_FAI)
def test_a_damaged_index_is_made_anew_and_a_note_says_so(
    fasta: Path, damage: str, compressed: bool, caplog: pytest.LogCaptureFixture
) -> None:
    path = written(fasta, BEFORE, compressed)
    Genome(path)
    assert index_of(path).read_bytes() == FAI
    index_of(path).write_bytes(BAD_FAI[damage])
    assert read_all(path) == letters_of(BEFORE)
    assert index_of(path).read_bytes() == FAI
    (message,) = caplog.messages
    assert message.startswith(f"{index_of(path)}: does not fit {path.name} (")
    assert message.endswith("); rebuilt")


@pytest.mark.parametrize(
    "damage", ["of another file", "cut", "empty", "one block moved", "a count too large", "longer"]
)
def test_a_damaged_second_index_is_made_anew_and_a_note_says_so(
    fasta: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = written(fasta, fasta_text({"chr1": "ACGTTGCAAC" * 20_000}), True)
    Genome(path)
    gzi = index_of(path, ".gzi")
    sound = gzi.read_bytes()
    assert len(sound) > 40
    gzi.write_bytes(
        {
            "of another file": bytes([1]) + bytes(7) + bytes([99]) * 16,
            "cut": sound[:-5],
            "empty": b"",
            "one block moved": sound[:24] + bytes([sound[24] ^ 1]) + sound[25:],
            "a count too large": bytes([99]) + sound[1:],
            "longer": sound + bytes(16),
        }[damage]
    )
    assert read(path) == [1, 2, 4, 3, 3, 4, 2, 1, 1, 2] * 20_000
    assert gzi.read_bytes() == sound
    assert caplog.messages == [
        f"{gzi}: does not fit {path.name} (its blocks start at other offsets); rebuilt"
    ]


@pytest.mark.usefixtures("read_only")
def test_an_index_that_fits_not_and_cannot_be_replaced_is_passed_over(
    fasta: Path, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fasta.write_bytes(BEFORE)
    index_of(fasta).write_bytes(FAI[:19])
    for _ in range(2):
        assert read_all(fasta) == letters_of(BEFORE)
    assert index_of(fasta).read_bytes() == FAI[:19]
    assert [one.read_bytes() for one in cache.iterdir()] == [FAI]
    assert all(message.endswith("; ignored") for message in caplog.messages)


LAYOUTS = {
    "no newline at the end": b">chr1\nACG\nTAC\nG",
    "one line without a newline": b">chr1\nACGTACG",
    "CRLF": b">chr1 a\r\nACG\r\nTAC\r\nG\r\n",
    "CRLF without the last": b">chr1 a\r\nACG\r\nTAC\r\nG",
    "full last lines": b">chr1\nACG\nTAC\n>chr2\nACG\nTAC\n",
    "empty lines behind": b">chr1\nACG\nTAC\n\n\n>chr2\nTT\n\n",
    "a blank at the end of each line": b">chr1\nACG \nTAC \nG \n",
    "words behind the name": b">chr1\tone two\nACG\n>chr2 >x\nTT\n",
    "records without sequence": b">chr0\n>chr1\nACG\nTA\n>chr2\n\n>chr3\nAC\n",
    "names of other letters": ">chr\u00e4\nACG\n>chr1\nAC\n".encode(),
    "one base": b">chr1\nA\n",
}


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "bgzip"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_index_is_the_one_of_samtools_which_is_believed(
    fasta: Path, layout: str, compressed: bool, caplog: pytest.LogCaptureFixture
) -> None:
    path = written(fasta, LAYOUTS[layout], compressed)
    pysam.faidx(str(path))
    theirs = {one: one.read_bytes() for one in fasta.parent.iterdir()}
    inodes = {one: one.stat().st_ino for one in theirs}
    with_theirs = read_all(path)
    assert {one: one.stat().st_ino for one in theirs} == inodes
    assert caplog.messages == []
    index_of(path).unlink()
    index_of(path, ".gzi").unlink(missing_ok=True)
    assert read_all(path) == with_theirs
    assert {one: one.read_bytes() for one in theirs} == theirs


def test_the_index_of_pyfaidx_is_believed(fasta: Path, caplog: pytest.LogCaptureFixture) -> None:
    fasta.write_bytes(BEFORE)
    with pyfaidx.Fasta(str(fasta)):
        pass
    before = index_of(fasta).stat().st_ino
    assert read_all(fasta) == letters_of(BEFORE)
    assert index_of(fasta).stat().st_ino == before
    assert caplog.messages == []


def test_rows_in_another_order_are_believed(fasta: Path) -> None:
    fasta.write_bytes(BEFORE)
    turned = b"".join(reversed(FAI.splitlines(keepends=True)))
    index_of(fasta).write_bytes(turned)
    found = read_all(fasta)
    assert list(found) == ["chr3", "chr2", "chr1"]
    assert found == letters_of(BEFORE)
    assert index_of(fasta).read_bytes() == turned


def test_records_without_sequence_are_said_once(
    fasta: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fasta.write_bytes(LAYOUTS["records without sequence"])
    assert list(Genome(fasta).chrom_sizes) == ["chr1", "chr3"]
    assert caplog.messages == [f"{fasta}: left out 2 records without sequence: chr0, chr2"]


def test_a_look_at_little_of_the_file_is_enough_to_believe_an_index(
    fasta: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_fasta(fasta, {f"chr{number}": "ACGTTGCAAC" * 100_000 for number in range(3)})
    Genome(fasta)
    looked_at = []
    real = PlainContent.read

    def counting(content: PlainContent, start: int, end: int) -> bytes:
        found = real(content, start, end)
        looked_at.append(len(found))
        return found

    monkeypatch.setattr(PlainContent, "read", counting)
    Genome(fasta)
    assert 0 < sum(looked_at) < 200_000
