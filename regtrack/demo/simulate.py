"""A simulated genome: random sequence, planted motifs, and the peaks that they cause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from regtrack.atomic import write_text
from regtrack.genome.intervals import IntervalSet
from regtrack.genome.markers import COLUMNS

_LINE = 60
# A site is a cluster of copies of a motif, as in real regulatory elements: each copy
# lies somewhere in its own room.
_MOTIF_LENGTH = 12
_COPIES = 5
_ROOM = 30
_CLUSTER_LENGTH = _COPIES * _ROOM
# A wrong distance is this far off at least: a partner there does not count.
_DECOY_MARGIN = 100
_DECOY_REACH = 6_000


@dataclass(frozen=True)
class Rule:
    """When a marker has a peak.

    Parameters
    ----------
    name, category
        Of the marker.
    width
        Bases of a peak, centred on the motif.
    distance
        Bases from the motif's start to that of a second motif, which the peak needs;
        None for a motif that does it alone. Half of the first motifs then stand without
        a peak, their partner at a wrong distance: only a network that sees both motifs
        at once can tell.
    """

    name: str
    category: str
    width: int
    distance: int | None = None


RULES = (
    Rule("TF1", "TFBS", 200),
    Rule("TF2", "TFBS", 200),
    Rule("TF3+200", "TFBS", 200, distance=200),
    Rule("TF4+2000", "TFBS", 200, distance=2_000),
    Rule("TF5+5000", "TFBS", 200, distance=5_000),
    Rule("Open", "DNase", 400),
    Rule("H3sim", "Histone", 1_500),
)


@dataclass(frozen=True)
class Simulation:
    """Sequence of each chromosome as text, and per rule the peaks on each chromosome."""

    sequence: Mapping[str, str]
    peaks: Sequence[Mapping[str, IntervalSet]]


def simulate(
    chrom_sizes: Mapping[str, int], rules: Sequence[Rule], spacing: int, seed: int
) -> Simulation:
    """Draw a genome.

    Every chromosome starts with N, has one gap of N in its middle and some soft-masked
    stretches, as real ones do.

    Parameters
    ----------
    chrom_sizes
        Bases of each chromosome.
    spacing
        Mean bases between two motifs of one rule.
    seed
        Same seed, same genome.
    """
    random = np.random.default_rng(seed)
    motifs = random.choice(list("ACGT"), size=(len(rules), 2, _MOTIF_LENGTH))
    sequence: dict[str, str] = {}
    peaks: list[dict[str, IntervalSet]] = [{} for _ in rules]
    for chrom, size in chrom_sizes.items():
        letters = random.choice(list("ACGT"), size=size)
        taken = np.zeros(size, dtype=bool)
        for start, end in _gaps(size):
            letters[start:end] = "N"
            taken[start:end] = True
        for rule, pair, found in zip(rules, motifs, peaks, strict=True):
            found[chrom] = _plant(letters, taken, rule, pair, size // spacing, random)
        for start in random.integers(0, size, size // 20_000):
            letters[start : start + 300] = np.char.lower(letters[start : start + 300])
        sequence[chrom] = "".join(letters)
    return Simulation(sequence, peaks)


def write_simulation(simulation: Simulation, rules: Sequence[Rule], folder: Path) -> None:
    """Write `genome.fa`, `markers.tsv` and `peaks/*.narrowPeak` into a folder that exists."""
    fasta = []
    for chrom, text in simulation.sequence.items():
        fasta.append(f">{chrom}\n")
        fasta += [f"{text[start : start + _LINE]}\n" for start in range(0, len(text), _LINE)]
    write_text(folder / "genome.fa", "".join(fasta))
    (folder / "peaks").mkdir(exist_ok=True)
    table = ["\t".join(COLUMNS)]
    for index, (rule, by_chrom) in enumerate(zip(rules, simulation.peaks, strict=True)):
        name = f"peaks/{rule.name}.narrowPeak"
        table.append(f"{index}\t{rule.name}\t{rule.category}\tsimulated\t{rule.name}\tNone\t{name}")
        lines = (
            f"{chrom}\t{start}\t{end}\t.\t1000\t.\t1\t-1\t-1\t{(end - start) // 2}\n"
            for chrom, intervals in by_chrom.items()
            for start, end in intervals
        )
        write_text(folder / name, "".join(lines))
    write_text(folder / "markers.tsv", "\n".join(table) + "\n")


def _gaps(size: int) -> list[tuple[int, int]]:
    """Stretches of N: a telomere, and a gap in the middle."""
    return [(0, size // 50), (size // 2, size // 2 + size // 50)]


def _plant(
    letters: np.ndarray[tuple[int], np.dtype[np.str_]],
    taken: np.ndarray[tuple[int], np.dtype[np.bool_]],
    rule: Rule,
    pair: np.ndarray[tuple[int, int], np.dtype[np.str_]],
    count: int,
    random: np.random.Generator,
) -> IntervalSet:
    """Write `count` sites of a rule into the letters where nothing is yet; give its peaks."""
    starts, ends = [], []
    reach = _DECOY_REACH + _CLUSTER_LENGTH + rule.width
    for number in range(count):
        distance = rule.distance
        causes_peak = distance is None or number % 2 == 0
        while True:
            start = int(random.integers(rule.width, len(letters) - reach))
            if not causes_peak:
                distance = int(random.integers(_CLUSTER_LENGTH, _DECOY_REACH))
                if rule.distance is None or abs(distance - rule.distance) < _DECOY_MARGIN:
                    continue
            places = [start] if distance is None else [start, start + distance]
            spans = [slice(place, place + _CLUSTER_LENGTH) for place in places]
            if not any(taken[span].any() for span in spans):
                break
        for span, motif in zip(spans, pair, strict=False):
            for copy in range(_COPIES):
                first = span.start + copy * _ROOM + int(random.integers(_ROOM - _MOTIF_LENGTH + 1))
                letters[first : first + _MOTIF_LENGTH] = motif
            taken[span] = True
        if causes_peak:
            middle = start + _CLUSTER_LENGTH // 2
            starts.append(middle - rule.width // 2)
            ends.append(middle + rule.width // 2)
    return IntervalSet.of(starts, ends)
