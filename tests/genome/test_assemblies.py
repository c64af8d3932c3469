"""Which assembly a genome is, told by the lengths of its chromosomes."""

from __future__ import annotations

from collections import Counter
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regtrack.genome.assemblies import (
    assemblies_that_hold,
    contradiction,
    describe,
    describe_other,
    name_of,
    recognise,
)

HG18 = {"chr1": 247_249_719, "chr2": 242_951_149, "chr22": 49_691_432, "chrX": 154_913_754}
HG19 = {"chr1": 249_250_621, "chr2": 243_199_373, "chr17": 81_195_210, "chr22": 51_304_566}
HG38 = {"chr1": 248_956_422, "chr2": 242_193_529, "chr17": 83_257_441, "chr22": 50_818_468}
HS1 = {"chr1": 248_387_328, "chr2": 242_696_752, "chr22": 51_324_926, "chrX": 154_259_566}


def all_lengths() -> dict[str, dict[str, int]]:
    text = (resources.files("regtrack.genome") / "data" / "assemblies.tsv").read_text()
    found: dict[str, dict[str, int]] = {}
    for line in text.splitlines()[1:]:
        _, assembly, chrom, length = line.split("\t")
        found.setdefault(assembly, {})[chrom] = int(length)
    return found


LENGTHS = all_lengths()


@pytest.mark.parametrize(
    ("chrom_sizes", "name"),
    [
        (HG18, "hg18"),
        (HG19, "hg19"),
        (HG38, "hg38"),
        (HS1, "hs1"),
        ({"chr1": 197_195_432, "chrX": 166_650_296}, "mm9"),
        ({"chr1": 195_471_971, "chrX": 171_031_299}, "mm10"),
        ({"chr1": 195_154_279, "chrX": 169_476_592}, "mm39"),
        ({"chr2L": 23_011_544, "chr4": 1_351_857}, "dm3"),
        ({"chr2L": 23_513_712, "chr4": 1_348_131}, "dm6"),
    ],
)
def test_well_known_assemblies_are_recognised(chrom_sizes: dict[str, int], name: str) -> None:
    assert recognise(chrom_sizes) == name


@pytest.mark.parametrize(
    ("chrom_sizes", "named", "told"),
    [
        (HG19, "hg19", ""),
        ({"22": 51_304_566}, "hg19", ""),
        (HG38, "hg38_1kg", ""),
        (HG19, "canFam3", ""),
        (HG19, "GRCh37", ""),
        (HG38, "GRCh38.p14", ""),
        (HG19, "GRCh38", "hg19 (chr1 has 249,250,621 bases), not GRCh38 (248,956,422)"),
        ({"scaffold_1": 400}, "hg19", ""),
        (HG19, "hg38", "hg19 (chr1 has 249,250,621 bases), not hg38 (248,956,422)"),
        (HG19, "hg38_1kg", "hg19 (chr1 has 249,250,621 bases), not hg38_1kg (248,956,422)"),
        ({"22": 51_304_566}, "hg38", "hg19 (22 has 51,304,566 bases), not hg38 (50,818,468)"),
        ({"chr1": 400}, "hg19", "an unknown assembly (chr1 has 400 bases), not hg19 (249,250,621)"),
        (
            {"chr2L": 23_513_712, "chr4": 1_348_131},
            "hg19",
            "dm6 (chr4 has 1,348,131 bases), not hg19 (191,154,276)",
        ),
        ({"chr2L": 23_513_712}, "hg19", "dm6 (chr2L has 23,513,712 bases), not hg19"),
    ],
)
def test_lengths_contradict_the_name_of_another_assembly(
    chrom_sizes: dict[str, int], named: str, told: str
) -> None:
    assert contradiction(chrom_sizes, named) == told


def test_grch37_and_b37_are_hg19() -> None:
    b37 = {chrom.removeprefix("chr"): size for chrom, size in HG19.items()}
    assert recognise({**b37, "MT": 16_569, "GL000207.1": 4_262, "hs37d5": 35_477_943}) == "hg19"


def test_the_lengths_of_real_hg19_are_recognised(real_data) -> None:
    lines = (real_data / "hg19.chrom.sizes").read_text().splitlines()
    sizes = {chrom: int(size) for chrom, size in map(str.split, lines)}
    assert recognise(sizes) == "hg19"
    assert {chrom: sizes[chrom] for chrom in LENGTHS["hg19"]} == LENGTHS["hg19"]


@pytest.mark.parametrize(
    "chrom_sizes",
    [
        {},
        {"chrM": 16_571},
        {"scaffold_1": 249_250_621},
        {"chr1": 249_250_620},
        {**HG19, "chr2": HG38["chr2"]},
        {**HG19, "chr22": 1_000},
        {"chr1": HG19["chr1"], "1": HG38["chr1"]},
    ],
)
def test_what_does_not_agree_everywhere_is_not_recognised(chrom_sizes: dict[str, int]) -> None:
    assert recognise(chrom_sizes) is None


def test_no_length_tells_for_two_assemblies() -> None:
    pairs = Counter(pair for lengths in LENGTHS.values() for pair in lengths.items())
    assert max(pairs.values()) == 1


@st.composite
def parts_of_an_assembly(draw: st.DrawFn) -> tuple[str, dict[str, int]]:
    """Some chromosomes of one assembly in any order and spelling, and what else a file holds."""
    assembly = draw(st.sampled_from(sorted(LENGTHS)))
    chroms = draw(st.lists(st.sampled_from(sorted(LENGTHS[assembly])), min_size=1, unique=True))
    prefix = draw(st.sampled_from(["", "chr"]))
    sizes = {prefix + one.removeprefix("chr"): LENGTHS[assembly][one] for one in chroms}
    more = draw(st.dictionaries(st.sampled_from(["chrM", "MT", "chrUn_1", "decoy"]), st.integers()))
    return assembly, {**more, **sizes}


@given(parts_of_an_assembly())
def test_any_part_of_an_assembly_is_recognised_as_that_one(found: tuple[str, dict]) -> None:
    assembly, sizes = found
    assert recognise(sizes) == assembly


@given(parts_of_an_assembly(), parts_of_an_assembly())
def test_no_mixture_of_two_assemblies_is_taken_for_one(one: tuple, other: tuple) -> None:
    mixed = {**one[1], **other[1]}
    told = {chrom: size for chrom, size in mixed.items() if recognise({chrom: size})}
    names = {recognise({chrom: size}) for chrom, size in told.items()}
    # A chromosome that the one does not have (chr20 of a mouse) says nothing against it.
    if recognise(mixed) is not None:
        assert recognise(mixed) in names
        assert all(
            LENGTHS[recognise(mixed)].get(f"chr{chrom.removeprefix('chr')}", size) == size
            for chrom, size in told.items()
        )


@pytest.mark.parametrize(
    ("chrom_sizes", "chrom", "text"),
    [
        (HG38, None, "hg38 (chr1 has 248,956,422 bases)"),
        (HG38, "chr22", "hg38 (chr22 has 50,818,468 bases)"),
        ({"22": 50_818_468}, None, "hg38 (22 has 50,818,468 bases)"),
        ({"chr1": 45_000}, None, "an unknown assembly (chr1 has 45,000 bases)"),
        ({}, None, "an unknown assembly (it has no chromosome)"),
    ],
)
def test_a_genome_is_described_by_a_chromosome_that_tells(
    chrom_sizes: dict[str, int], chrom: str | None, text: str
) -> None:
    assert describe(chrom_sizes, chrom) == text


@pytest.mark.parametrize(
    ("chrom_sizes", "name", "text"),
    [
        (HG19, "", "hg19 (249,250,621)"),
        (HG19, "my genome", "hg19 (249,250,621)"),
        ({"chr1": 45_000}, "tiny", "tiny (45,000)"),
        ({"chr1": 45_000}, "", "an unknown assembly (45,000)"),
        ({"chr1": 45_000}, "hg38", "another hg38 (45,000)"),
    ],
)
def test_the_other_genome_goes_by_its_name(
    chrom_sizes: dict[str, int], name: str, text: str
) -> None:
    assert describe_other(chrom_sizes, "chr1", HG38, name) == text


def test_of_two_unknown_assemblies_the_second_is_another_one() -> None:
    assert describe_other({"chr1": 5}, "chr1", {"chr1": 4}) == "another unknown assembly (5)"
    assert name_of({"chr1": 5}) == "an unknown assembly"


@pytest.mark.parametrize(
    ("ends", "assembly", "fitting"),
    [
        ({"chr17": 83_000_000}, "hg19", ("hg38", "hs1")),
        ({"17": 83_000_000}, "hg19", ("hg38", "hs1")),
        ({"chr17": 83_000_000, "chr1": 248_900_000}, "hg19", ("hg38",)),
        ({"chr22": 51_300_000}, "hg38", ("hg19", "hs1")),
        ({"chr22": 51_300_000, "chr1": 249_000_000}, "hg38", ("hg19",)),
        ({"chr22": 60_000_000}, "hg38", ()),
        ({"chr1": 197_000_000}, "mm10", ("mm9",)),
        ({"chr4": 1_350_000}, "dm6", ("dm3",)),
        ({"chrY": 9_000_000}, "dm6", ()),  # of which dm3 has none
        ({"chr1": 1_000}, "hg19", ()),  # nothing speaks against hg19
        ({"chrUn_1": 10**9}, "hg19", ()),  # of which nothing is known
    ],
)
def test_intervals_past_an_end_may_fit_another_assembly_of_the_species(
    ends: dict[str, int], assembly: str, fitting: tuple[str, ...]
) -> None:
    assert assemblies_that_hold(ends, assembly) == fitting
