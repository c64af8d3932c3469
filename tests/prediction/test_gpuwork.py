"""What a GPU counts, where nothing is wanted but counts, is what the processes of a CPU count.

Only cutting segments needs a kernel for GPUs, so the work of `eval MODEL` is driven on a CPU here.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from builders import TinyWorld

from regtrack.prediction.blockwork import BlockWork, predict_blocks
from regtrack.prediction.gpuwork import predict_on_gpu
from regtrack.prediction.scored import plan_scores
from regtrack.scoring.evaluate import ScoreRequest


def works_of(tiny: TinyWorld, folder: Path) -> list[BlockWork]:
    """Those of all three chromosomes, whose counts come to lie in a folder."""
    folder.mkdir()
    job = plan_scores(tiny.model, tiny.genome, ScoreRequest(tiny.markers), "cpu")
    return job.saved_works(folder)


@pytest.mark.parametrize("at_once", [1, 2, 16])
def test_counts_are_those_of_the_processes_of_a_cpu_byte_for_byte(
    tiny: TinyWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    # No kernel for GPUs is asked for.
    monkeypatch.setitem(sys.modules, "triton", None)
    monkeypatch.setattr("regtrack.prediction.gpuwork._MOST_BLOCKS", at_once)
    expected = works_of(tiny, tmp_path / "cpu")
    for work in expected:
        predict_blocks(work)
    works = works_of(tiny, tmp_path / "gpu")
    assert all(work.recipe.blocks is None for work in works)
    assert list(predict_on_gpu(works, 2)) == works
    names = sorted(path.name for path in (tmp_path / "gpu").glob("*.cnt"))
    assert names == ["chr1.00000.cnt", "chr2.00000.cnt", "chrM.00000.cnt"]
    for name in names:
        counts = (tmp_path / "gpu" / name).read_bytes()
        assert counts == (tmp_path / "cpu" / name).read_bytes()
