"""The truth of the simulated genome, against a search for its motifs."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regtrack.demo.grammar import Grammar, Rule
from regtrack.demo.simulate import simulate

SIZES = {"chr1": 30_000, "chr2": 20_000}


def found(text: str, motif: str) -> list[int]:
    return [match.start() for match in re.finditer(f"(?={motif})", text)]


@settings(max_examples=25)
@given(
    distances=st.lists(
        st.integers(0, 60).map(lambda at: 50 * at), min_size=1, max_size=3, unique=True
    ),
    width=st.integers(20, 300),
    share=st.floats(0.1, 1),
    shared=st.booleans(),
    seed=st.integers(0, 1_000),
)
def test_a_peak_is_where_both_motifs_are(
    distances: list[int], width: int, share: float, shared: bool, seed: int
) -> None:
    grammar = Grammar(motif_length=20, copies=1, room=20, spacing=2_000, share=share)
    site = "one" if shared else None
    rules = [Rule("alone", "TFBS", width, site=site)]
    rules += [Rule(f"{at}", "TFBS", width, at, site, f"P{at}") for at in distances]
    rules.append(Rule("partner", "TFBS", width, site=f"P{distances[0]}"))
    simulation = simulate(SIZES, rules, grammar, seed)
    for rule, (own, partner), by_chrom in zip(
        rules, simulation.motifs, simulation.sites, strict=True
    ):
        for chrom, text in simulation.sequence.items():
            sites = by_chrom[chrom]
            starts, partners = found(text.upper(), own), found(text.upper(), partner)
            assert sites.starts.tolist() == starts
            assert len(starts) == SIZES[chrom] // grammar.spacing
            if rule.name == "partner":
                assert sites.bound.all()
                assert sites.peaks.bases == len(
                    {at + base for at in starts for base in range(width)}
                )
                continue
            peaks = [(at - width // 2 + 10, at - width // 2 + 10 + width) for at in starts]
            assert list(sites.stretches) == peaks  # apart from each other
            if rule.distance is None:
                assert list(sites.peaks) == peaks
                continue
            assert sites.partners.tolist() == partners
            bound = [left - rule.distance - 20 in partners for left, _ in peaks]
            assert sites.bound.tolist() == bound
            assert list(sites.peaks) == [
                peak for peak, is_on in zip(peaks, bound, strict=True) if is_on
            ]
            # One number of sites and partners, the asked share of them together.
            assert len(partners) == len(starts)
            assert sum(bound) == round(len(starts) * share)
            # Nothing is nearly right.
            off = np.subtract.outer([left - rule.distance - 20 for left, _ in peaks], partners)
            assert not np.any((off != 0) & (np.abs(off) < 100))


def test_copies_lie_in_their_rooms() -> None:
    grammar = Grammar(motif_length=12, copies=5, room=30, spacing=4_000)
    rule = Rule("one", "TFBS", 200)
    simulation = simulate({"chr1": 100_000}, [rule], grammar, 0)
    starts = found(simulation.sequence["chr1"].upper(), simulation.motifs[0][0])
    for start in simulation.sites[0]["chr1"].starts.tolist():
        inside = [at - start for at in starts if start <= at < start + 150]
        assert [at // 30 for at in inside] == [0, 1, 2, 3, 4]
        assert all(at % 30 <= 18 for at in inside)


def test_motifs_of_one_site_need_room() -> None:
    rules = [Rule("one", "TFBS", 200, at, "site") for at in (500, 600)]
    with pytest.raises(ValueError, match="on each other"):
        simulate({"chr1": 50_000}, rules, Grammar(), 0)


def test_the_same_seed_draws_the_same_genome() -> None:
    rules = [Rule("one", "TFBS", 200, 500)]
    first, again, other = (simulate({"chr1": 50_000}, rules, Grammar(), seed) for seed in (1, 1, 2))
    assert first.sequence == again.sequence
    assert first.peaks == again.peaks
    assert first.sequence != other.sequence


@pytest.mark.parametrize("size", [100, 3_000])
def test_a_chromosome_without_room_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="no room left"):
        simulate({"chr1": size}, [Rule("one", "TFBS", 200, 5_000)], Grammar(spacing=50), 0)


@pytest.mark.parametrize(("name", "value"), [("motif_length", 31), ("share", 0), ("share", 1.5)])
def test_an_impossible_grammar_is_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match="of"):
        Grammar(**{name: value})
