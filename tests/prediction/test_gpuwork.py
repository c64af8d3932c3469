"""What a GPU counts, where nothing is wanted but counts, is what the processes of a CPU count.

Only cutting segments needs a kernel for GPUs, so the work of `eval MODEL` is driven on a CPU here.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from builders import TinyWorld

from regtrack.prediction.blockwork import BlockWork, predict_blocks
from regtrack.prediction.gpuwork import predict_on_gpu
from regtrack.prediction.score_model import plan_scores
from regtrack.scoring.score_tracks import ScoreRequest


def works_of(tiny: TinyWorld, folder: Path, together: bool) -> list[BlockWork]:
    """Those of all three chromosomes, in a file each or in one, as many scaffolds are."""
    folder.mkdir()
    job = plan_scores(tiny.model, tiny.genome, ScoreRequest(tiny.markers), "cpu")
    works = job.saved_works(folder)
    if not together:
        return works
    tasks = tuple(task for work in works for task in work.tasks)
    places = tuple(place for work in works for place in work.chrom_indices)
    return [replace(works[0], tasks=tasks, chrom_indices=places)]


@pytest.mark.parametrize(
    ("together", "names"),
    [(False, ["chr1.00000.cnt", "chr2.00000.cnt", "chrM.00000.cnt"]), (True, ["chr1.00000.cnt"])],
)
@pytest.mark.parametrize("at_once", [1, 2, 16])
def test_counts_are_those_of_the_processes_of_a_cpu_byte_for_byte(
    tiny: TinyWorld,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    at_once: int,
    together: bool,
    names: list[str],
) -> None:
    # No kernel for GPUs is asked for.
    monkeypatch.setitem(sys.modules, "triton", None)
    monkeypatch.setattr("regtrack.prediction.gpuwork._MOST_BLOCKS", at_once)
    expected = works_of(tiny, tmp_path / "cpu", together)
    for work in expected:
        predict_blocks(work)
    works = works_of(tiny, tmp_path / "gpu", together)
    assert all(work.recipe.blocks is None for work in works)
    assert list(predict_on_gpu(works, 2)) == works
    assert sorted(path.name for path in (tmp_path / "gpu").glob("*.cnt")) == names
    for name in names:
        counts = (tmp_path / "gpu" / name).read_bytes()
        assert counts == (tmp_path / "cpu" / name).read_bytes()
