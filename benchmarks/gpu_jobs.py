"""Checks of gpu.py: whole commands on a GPU, what they give, and how long they take."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyBigWig
from gpu_proof import Bench
from gpu_stages import STAGES
from predict import CHROM, CPU, MEGABASE

from regtrack.genome.fasta import Genome
from regtrack.genome.intervals import Interval, IntervalSet
from regtrack.genome.markers import COLUMNS
from regtrack.models.checkpoint import load_network, read_checkpoint
from regtrack.models.inference import for_inference
from regtrack.observer import Unwatched
from regtrack.prediction.forward import predict_interval
from regtrack.workers import available_cores

_MEDIUM = 25  # megabases
_COMPARED = 20_000  # bases
_BOUND = 0.003
_LEAST = 90.0  # seconds that the long run has in any case


def tracks_in(folder: Path) -> list[Path]:
    """The BigWigs of a tracks folder, marker by marker."""
    return sorted((folder / "bigwig").glob("*.bw"), key=lambda path: int(path.name.split("_")[0]))


def equal_files(one: Path, other: Path) -> int:
    """How many BigWigs of two folders are the same, byte for byte."""
    pairs = zip(tracks_in(one), tracks_in(other), strict=True)
    return sum(a.read_bytes() == b.read_bytes() for a, b in pairs)


def check_predict(bench: Bench) -> None:
    """A chromosome on the GPU and on the CPU: both keep the promise."""
    for name, device in ("gpu", bench.device), ("cpu", "cpu"):
        took, _ = bench.command(*bench.predict_words(_MEDIUM, bench.work / name, device))
        bench.proof.figure(f"predict {_MEDIUM} Mb x {bench.markers} on the {name}: {took:.1f} s")
    made = len(tracks_in(bench.work / "gpu"))
    same = equal_files(bench.work / "gpu", bench.work / "cpu")
    name = "a BigWig for each marker"
    bench.proof.expect(made == bench.markers, name, f"{made}; {same} are the CPU's byte for byte")
    _compare_with_float32(bench)


def _compare_with_float32(bench: Bench) -> None:
    """Values of the GPU's tracks, of some markers at some places, against a CPU's float32."""
    genome = Genome(bench.long(_MEDIUM))
    network = for_inference(load_network(bench.wide(), CPU))
    random = np.random.default_rng(3)
    rows = sorted(random.choice(bench.markers, min(bench.markers, 40), replace=False).tolist())
    files = {row: pyBigWig.open(str(tracks_in(bench.work / "gpu")[row])) for row in rows}
    last = 120_000 if bench.small else _MEDIUM * MEGABASE
    worst = absent = 0.0
    for start in random.integers(0, last - _COMPARED, 2 if bench.small else 12).tolist():
        region = Interval(CHROM, start, start + _COMPARED)
        targets = IntervalSet.of([region.start], [region.end])
        exact = predict_interval(network, genome, region, targets, Unwatched())
        for row, file in files.items():
            values = np.array(file.values(CHROM, region.start, region.end))
            there = ~np.isnan(values)
            worst = max(worst, float(np.abs(values - exact[row])[there].max(initial=0)))
            absent = max(absent, float(exact[row][~there].max(initial=0)))
    detail = f"largest distance {worst:.7f}, largest value that is absent {absent:.7f}"
    bench.proof.expect(worst <= _BOUND and absent < _BOUND, "the promise", detail)


def check_kill(bench: Bench) -> None:
    """Killed when some blocks are saved, and gone on with: the same files."""
    out = bench.work / "again"
    words = [sys.executable, "-m", "regtrack", *bench.predict_words(_MEDIUM, out)]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    blocks = bench.work / "again.partial" / "blocks"
    while process.poll() is None and len(list(blocks.glob("*.blk"))) < (1 if bench.small else 40):
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    saved = len(list(blocks.glob("*.blk")))
    bench.command(*[word for word in words[3:] if word != "--force"])
    if not (bench.work / "gpu").exists():
        bench.command(*bench.predict_words(_MEDIUM, bench.work / "gpu"))
    equal = equal_files(out, bench.work / "gpu")
    detail = f"{saved} blocks were saved; {equal} files equal"
    bench.proof.expect(equal == bench.markers, "killed and gone on with", detail)


def check_long(bench: Bench) -> None:
    """A human chromosome 1, end to end, by stage."""
    out, told = bench.work / "long", bench.work / "long.json"
    script = Path(__file__).with_name("gpu_stages.py")
    words = [sys.executable, str(script), str(told), *bench.predict_words(bench.megabases, out)]
    began = time.monotonic()
    with _watched(bench):
        done = subprocess.run(
            words,
            capture_output=True,
            text=True,
            timeout=max(_LEAST, bench.proof.seconds - bench.proof.spent),
            check=False,
        )
    took = time.monotonic() - began
    bench.proof.say(done.stderr[-1_500:])
    bench.proof.expect(done.returncode == 0, "the long run ends well", f"{took:.1f} s")
    size = f"{bench.megabases} Mb x {bench.markers}"
    bench.proof.figure(f"END TO END {size}, {available_cores()} cores: {took:.1f} s")
    if told.exists():
        known = json.loads(told.read_text())
        for _, _, name in STAGES:
            spent, calls = known["stages"][name]
            bench.proof.figure(f"  {name:50}{spent:>8.2f} s {calls:>7} times")
        for name in "this process", "its main thread", "other processes":
            bench.proof.figure(f"  processor: {name:39}{known[name]:>8.1f} s")
        bench.proof.figure(f"  memory of the GPU at most {known['gpu bytes'] / 1e9:.1f} GB")
    files = sum(path.stat().st_size for path in out.rglob("*.bw"))
    bench.proof.figure(f"  BigWig files: {files / 1e9:.2f} GB")
    shutil.rmtree(out, ignore_errors=True)


@contextmanager
def _watched(bench: Bench) -> Iterator[None]:
    """Say how busy the GPU was while the body ran."""
    tool = shutil.which("nvidia-smi")
    if bench.small or tool is None:
        yield
        return
    query = ["--query-gpu=utilization.gpu", "--format=csv,noheader,nounits", "-lms", "500"]
    log = bench.work / "nvidia-smi"
    with log.open("w") as file:
        process = subprocess.Popen([tool, "--id=0", *query], stdout=file)
    try:
        yield
    finally:
        process.terminate()
        process.wait()
        used = [int(line) for line in log.read_text().split() if line.isdigit()]
        bench.proof.figure(f"the GPU was busy {np.mean(used or [0]):.0f}% of the time")


def write_peaks(bench: Bench, bases: int) -> Path:
    """A markers table with random peaks of all markers on the first bases of the chromosome."""
    folder, random = bench.work / "peaks", np.random.default_rng(0)
    folder.mkdir(exist_ok=True)
    rows = ["\t".join(COLUMNS)]
    for number, marker in enumerate(read_checkpoint(bench.wide()).markers):
        starts = np.sort(random.integers(0, bases - 1_000, max(4, bases // 50_000)))
        lines = [f"{CHROM}\t{start}\t{start + 400}\n" for start in starts]
        (folder / f"{number}.bed").write_text("".join(lines))
        known = {**marker.to_json(), "file": f"{number}.bed"}
        rows.append("\t".join(str(known[column]) for column in COLUMNS))
    (folder / "markers.tsv").write_text("\n".join(rows) + "\n")
    return folder / "markers.tsv"


def check_eval(bench: Bench) -> None:
    """`eval MODEL` takes no longer than `predict`; and its scores are the CPU's."""
    small = bench.small
    bases = 120_000 if small else _MEDIUM * MEGABASE
    peaks = write_peaks(bench, bases)
    words = ["eval", bench.wide(), "--genome", bench.long(_MEDIUM), "--peaks", peaks]
    words += ["--any-genome", "--include-training", "--force"]
    seconds = {}
    for name, device in ("gpu", bench.device), ("cpu", "cpu"):
        region = f"chr1:1-{bases if name == 'gpu' else min(bases, 2 * MEGABASE)}"
        here = [*words, "--region", region, "--out", bench.work / f"report {name}"]
        seconds[name], _ = bench.command(*here, "--device", device)
        bench.proof.figure(f"eval MODEL of {region} on the {name}: {seconds[name]:.1f} s")
    began = time.monotonic()
    bench.command(*bench.predict_words(_MEDIUM, bench.work / "beside"))
    beside = time.monotonic() - began
    shutil.rmtree(bench.work / "beside")
    if not small:
        faster = seconds["gpu"] <= 1.1 * beside
        bench.proof.expect(faster, "eval MODEL is no slower than predict", f"{beside:.1f} s")
        here = [*words, "--region", f"chr1:1-{2 * MEGABASE}", "--out", bench.work / "report gpu"]
        bench.command(*here, "--device", bench.device)
    one, other = (_precisions(bench.work / f"report {name}") for name in ("gpu", "cpu"))
    apart = max(abs(one[marker] - other[marker]) for marker in other)
    name = "average precision is the CPU's"
    bench.proof.expect(apart < 1e-3 and one.keys() == other.keys(), name, f"{apart:.1e} apart")


def _precisions(report: Path) -> dict[str, float]:
    """Average precision by marker, as a report has it."""
    with (report / "report.tsv").open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return {row["name"]: float(row["average_precision"]) for row in rows}


def check_cpu(bench: Bench) -> None:
    """The cores alone, which a GPU has to beat."""
    began = time.monotonic()
    bench.command(*bench.predict_words(50, bench.work / "cores", "cpu"))
    took = time.monotonic() - began
    bench.proof.figure(
        f"predict 50 Mb x {bench.markers} on {os.cpu_count()} cores alone: {took:.1f} s, some "
        f"{took * 249 / 50:.0f} s for 249 Mb"
    )
    shutil.rmtree(bench.work / "cores")
