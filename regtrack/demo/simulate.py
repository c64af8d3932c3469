"""A simulated genome: random sequence, planted motifs, and the peaks that they cause.

The truth is clean. A marker with a distance has a peak around each of its sites that has a
second motif, its partner, so far away on the left, and nowhere else. It has as many
partners as sites, but only `Grammar.share` of them stand together, the others anywhere:
neither motif alone tells of a peak, nor does their number. Motifs lie on the forward strand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from regtrack.atomic import write_text
from regtrack.demo.grammar import Grammar, Rule
from regtrack.demo.plant import Planter, Sites, sites_of
from regtrack.genome.intervals import IntervalSet
from regtrack.genome.markers import COLUMNS

_LINE = 60

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
    """Sequence of each chromosome as text, per rule its motifs, and its sites by chromosome.

    Parameters
    ----------
    motifs
        Per rule the motif of its sites and that of their partners.
    """

    sequence: Mapping[str, str]
    motifs: Sequence[tuple[str, str]]
    sites: Sequence[Mapping[str, Sites]]

    @property
    def peaks(self) -> list[dict[str, IntervalSet]]:
        """Per rule, its peaks on each chromosome."""
        return [
            {chrom: sites.peaks for chrom, sites in by_chrom.items()} for by_chrom in self.sites
        ]


def simulate(
    chrom_sizes: Mapping[str, int], rules: Sequence[Rule], grammar: Grammar, seed: int
) -> Simulation:
    """Draw a genome.

    Every chromosome starts with N, has one gap of N in its middle and some soft-masked
    stretches, as real ones do.

    Parameters
    ----------
    chrom_sizes
        Bases of each chromosome.
    seed
        Same seed, same genome.

    Raises
    ------
    ValueError
        When the sites do not fit into a chromosome: it is short, or the spacing narrow; or
        when distances do not leave room for the motifs of one site.
    """
    random = np.random.default_rng(seed)
    groups, readers = _groups(rules), _partner_readers(rules)
    bases = np.array(list("ACGT"))
    motifs = random.choice(bases, size=(len(rules), 2, grammar.motif_length))
    for group in groups:
        motifs[group, 0] = motifs[group[0], 0]
    for index, source in readers.items():
        motifs[index, 0] = motifs[source, 1]
    sequence: dict[str, str] = {}
    sites: list[dict[str, Sites]] = [{} for _ in rules]
    for chrom, size in chrom_sizes.items():
        letters = random.choice(bases, size=size)
        taken = np.zeros(size, dtype=bool)
        for start, end in _gaps(size):
            letters[start:end] = "N"
            taken[start:end] = True
        for group in groups:
            members = [rules[index] for index in group]
            planter = Planter(letters, taken, members, grammar, random)
            planted = planter.plant(motifs[group[0], 0], motifs[group, 1])
            for index, own_sites in zip(group, planted, strict=True):
                sites[index][chrom] = own_sites
        for index, source in readers.items():
            places = sites[source][chrom].partners
            sites[index][chrom] = sites_of(rules[index], grammar.site_length, places)
        for start in random.integers(0, size, size // 20_000):
            letters[start : start + 300] = np.char.lower(letters[start : start + 300])
        sequence[chrom] = "".join(letters)
    return Simulation(
        sequence, [("".join(first), "".join(second)) for first, second in motifs], sites
    )


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


def _groups(rules: Sequence[Rule]) -> list[list[int]]:
    """Indices of the rules that share a site, which is nobody's partner."""
    groups: dict[object, list[int]] = {}
    readers = _partner_readers(rules)
    for index, rule in enumerate(rules):
        if index in readers:
            continue
        groups.setdefault(index if rule.site is None else rule.site, []).append(index)
    return list(groups.values())


def _partner_readers(rules: Sequence[Rule]) -> dict[int, int]:
    """Indices of the rules whose sites are the partners of another rule, and of that rule."""
    sources = {rule.partner: index for index, rule in enumerate(rules) if rule.partner is not None}
    return {index: sources[rule.site] for index, rule in enumerate(rules) if rule.site in sources}
