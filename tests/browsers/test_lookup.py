"""What the page asks for: genes by name, peaks by value."""

from __future__ import annotations

from pathlib import Path

import pytest
from browsers_builders import write_tracks_folder

from regtrack.browsers.lookup import MOST_FOUND, STRONGEST, Lookup
from regtrack.browsers.runs import Runs
from regtrack.browsers.viewable import Viewable
from regtrack.genome.genes import Gene
from regtrack.genome.intervals import Interval
from regtrack.tracks.peaks.files import PeakLine, strongest_first, write_peaks


def gene(name: str, start: int = 100) -> Gene:
    return Gene(name, "chr1", start, start + 50, "+", ((start, start + 50),))


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs.of([("tracks", Viewable.read(write_tracks_folder(tmp_path / "tracks")))])


def found(runs: Runs, text: str, *names: str) -> list[str]:
    return [one["gene"] for one in Lookup(runs, map(gene, names)).find_gene(text)]


def test_a_gene_is_found_whatever_its_case_and_before_longer_names(runs: Runs) -> None:
    assert found(runs, " crk ", "CRKL", "Crk", "ACRK") == ["Crk"]
    assert found(runs, "cr", "CRKL", "Crk", "ACRK") == ["Crk", "CRKL"]
    assert found(runs, "crkx", "CRKL", "Crk") == []


def test_a_gene_is_found_with_what_lies_around_it(runs: Runs) -> None:
    lookup = Lookup(runs, [gene("COMT", 1_000), gene("END5", 10)])
    (found,) = lookup.find_gene("COMT+-0.5KB")
    assert (found["start"], found["end"]) == (501, 1_550)
    assert lookup.find_gene("END5±50")[0]["start"] == 1
    (found,) = lookup.find_gene("comt")
    assert (found["start"], found["end"]) == (1, 3_050)  # 2,000 on each side, as predict has it
    (found,) = [lookup.places()["COMT"]]
    assert (found["start"], found["end"]) == (1_001, 1_050)


def test_a_chromosome_is_no_gene(runs: Runs) -> None:
    assert found(runs, "1", "1700001C19RIK", "CHR1") == []
    assert found(runs, "chr1", "CHR1") == []


def test_a_name_of_several_places_has_them_all(runs: Runs) -> None:
    lookup = Lookup(runs, [gene("U6", 100), gene("U6", 900)])
    assert [one["start"] for one in lookup.find_gene("u6+-0")] == [101, 901]


def test_not_all_genes_of_a_letter_are_listed(runs: Runs) -> None:
    assert len(found(runs, "a", *(f"A{number}" for number in range(100)))) == MOST_FOUND


def test_genes_of_a_region_are_those_that_share_a_base_with_it(runs: Runs) -> None:
    lookup = Lookup(runs, [gene("A", 100), gene("B", 150)])
    names = [one["name"] for one in lookup.genes(Interval("chr1", 149, 151))]
    assert names == ["A", "B"]
    assert [one["name"] for one in lookup.genes(Interval("chr1", 150, 151))] == ["B"]
    assert lookup.genes(Interval("chr2", 0, 500)) == []


def test_of_equally_high_peaks_the_widest_comes_first() -> None:
    rows = [("a", 0, 10, 0.5), ("b", 20, 60, 0.5), ("c", 70, 71, 0.9)]
    peaks = [PeakLine("chr1", start, end, name, 1, v, 0) for name, start, end, v in rows]
    assert [peak.name for peak in strongest_first(peaks)] == ["c", "b", "a"]


def test_only_the_strongest_peaks_are_listed(runs: Runs) -> None:
    lines = (
        f"chr1\t{10 * n}\t{10 * n + 5}\tp_{n}\t1\t.\t{n / 1000}\t-1\t-1\t2\n" for n in range(500)
    )
    write_peaks(runs.first.folder / runs.first.trackset.tracks[0].peaks, lines)
    strongest = Lookup(runs).strongest(0)
    assert len(strongest) == STRONGEST
    assert strongest[0] == {"chr": "chr1", "start": 4990, "end": 4995, "value": 0.499}
