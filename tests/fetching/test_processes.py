"""Fetching as processes do it: killed, interrupted, on a full disk, two at once."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_helpers import files_of
from fetching_server import Act, Sources, fasta, miniature, packed, path_of, serving
from forking import Forked
from waiting import PATIENCE, wait_until

from regtrack.fetching.sources import genome_sources
from regtrack.genome.catalogue import catalogue
from regtrack.genome.fasta import Genome
from regtrack.genome.markers import read_markers

FASTA = path_of(genome_sources("hg19")[0].url)
PROGRAM = "import sys; from regtrack.cli.main import run; sys.exit(run(sys.argv[1:]))"
# Files cannot grow beyond some bytes: as on a full disk.
LIMITED = (
    "import resource, signal, sys\n"
    "from regtrack.cli.main import run\n"
    "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)\n"
    "sys.exit(run(sys.argv[2:]))\n"
)


def end(process: Forked) -> tuple[int, str, str]:
    out, err = process.communicate()
    return process.returncode, out, err


def wait_for_part(cache: Path, size: int, process: Forked) -> Path:
    part = cache / "hg19.fa.gz.part"
    wait_until(lambda: part.exists() and part.stat().st_size >= size, process)
    return part


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_what_was_ended_half_way_goes_on_there(
    cache: Path, sources: Sources, how: signal.Signals
) -> None:
    sources.acts[FASTA] = [Act(stall=PATIENCE, cut=10_000, length=len(sources.files[FASTA]))]
    process = Forked(PROGRAM, "fetch", "genome", "--mirror", sources.url)
    part = wait_for_part(cache, 8_192, process)
    process.send_signal(how)
    status, out, err = end(process)
    if how == signal.SIGINT:
        assert (status, out) == (130, "")
        assert re.search(
            r"regtrack: interrupted at \d+% of .*; run the same command again to continue\n$", err
        )
        assert "Traceback" not in err
    assert not (cache / "hg19.fa.gz").exists()
    have = part.stat().st_size
    status, out, err = end(Forked(PROGRAM, "fetch", "genome", "--mirror", sources.url))
    assert status == 0, err
    assert out.endswith("next: regtrack init\n")
    first, second = sources.of(FASTA)
    assert (first.range, second.range) == (None, f"bytes={have}-")
    assert second.sent == len(sources.files[FASTA]) - have
    assert len(Genome(cache / "hg19.fa.gz").chrom_sizes) == 3
    assert not list(cache.glob("*.part*"))
    assert not list(cache.glob("*.lock"))


def test_a_stalled_server_does_not_hold_ctrl_c_up(cache: Path, sources: Sources) -> None:
    sources.acts[FASTA] = [Act(stall=2 * PATIENCE, cut=10_000, length=len(sources.files[FASTA]))]
    # Nothing else ends the wait: not the server, and not its client's patience.
    patient = f"import regtrack.fetching.web as w; w._TIMEOUTS = (None, None); {PROGRAM}"
    process = Forked(patient, "fetch", "genome", "--mirror", sources.url)
    wait_for_part(cache, 8_192, process)
    process.send_signal(signal.SIGINT)
    assert end(process)[0] == 130


def test_killed_while_it_recompresses_nothing_is_downloaded_again(
    cache: Path, sources: Sources
) -> None:
    killed = (
        "import os, signal, sys\n"
        "import regtrack.fetching.place as place\n"
        "from regtrack.cli.main import run\n"
        "place.make_index = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "sys.exit(run(sys.argv[1:]))\n"
    )
    assert end(Forked(killed, "fetch", "genome", "--mirror", sources.url))[0] == -signal.SIGKILL
    assert list(cache.glob("hg19.fa.gz.*.tmp"))
    status, _, err = end(Forked(PROGRAM, "fetch", "genome", "--mirror", sources.url))
    assert status == 0, err
    assert len(sources.of(FASTA)) == 1
    assert sorted(files_of(cache)) == [
        "fetched.json",
        "hg19.chrom.sizes",
        "hg19.fa.gz",
        "hg19.fa.gz.fai",
        "hg19.fa.gz.gzi",
    ]


@pytest.mark.parametrize("size", [9_000, len(packed(fasta())) + 100])
def test_a_full_disk_is_one_line(cache: Path, sources: Sources, size: int) -> None:
    process = Forked(LIMITED, size, "fetch", "genome", "--mirror", sources.url)
    status, out, err = end(process)
    assert (status, out) == (1, "")
    last = err.strip().splitlines()[-1]
    assert last.startswith(f"regtrack: {cache / 'hg19.fa.gz'}"), last
    assert "File too large" in last or "not written whole; is the disk full?" in last
    assert "Traceback" not in err
    assert not (cache / "hg19.fa.gz").exists()
    assert end(Forked(PROGRAM, "fetch", "genome", "--mirror", sources.url))[0] == 0


@pytest.fixture
def whole() -> Iterator[Sources]:
    """A server with everything."""
    with serving(miniature()) as served:
        yield served


def test_two_at_once_fetch_everything_once(cache: Path, whole: Sources) -> None:
    whole.acts[FASTA] = [Act(pause=0.02)]
    both = [Forked(PROGRAM, "fetch", "all", "--mirror", whole.url) for _ in range(2)]
    for process in both:
        status, out, err = end(process)
        assert status == 0, err
        assert "peaks: 919 files" in out
    counts = whole.counts()
    # Each process asks for itself what the checksums are.
    twice = {path for path, count in counts.items() if count > 1 and "md5sum.txt" not in path}
    assert twice == set()
    assert len(read_markers(cache / "markers.tsv")) == len(catalogue())
    assert not [path for path in files_of(cache) if path.endswith((".lock", ".part", ".tmp"))]
    # And all is as it should be, also for one that asks for nothing.
    status, out, err = end(Forked(PROGRAM, "fetch", "all", "--offline"))
    assert status == 0, err
    assert out.splitlines() == [
        f"genome: 2 files (0 new, 21.3 kB): {cache / 'hg19.fa.gz'}",
        f"genes: 1 file (0 new, 71 B): {cache / 'refGene.txt.gz'}",
        f"exclude: 2 files (0 new, 62 B): {cache / 'exclude'}",
        f"peaks: 919 files (0 new, {_total(cache)}): {cache / 'markers.tsv'}",
        "next: regtrack init",
    ]


def _total(cache: Path) -> str:
    size = sum(path.stat().st_size for path in (cache / "peaks").iterdir())
    return f"{size / 1000:.1f} kB"
