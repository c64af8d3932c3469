"""Works spread over what there is to compute with: the processes of a CPU, or GPUs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from regtrack.folders import clear
from regtrack.notes import note
from regtrack.observer import Observer, staged
from regtrack.prediction.blockwork import BlockWork, predict_blocks
from regtrack.prediction.gpu_team import predict_on_gpus
from regtrack.tracks.blocks import BLOCK_LENGTH
from regtrack.workers import in_processes

# So many bases are predicted here sooner than a process starts.
_WORTH_A_PROCESS = BLOCK_LENGTH


def predict_missing(works: Sequence[BlockWork], workers: int, observer: Observer) -> int:
    """Predict and save what is not there yet, or is damaged; returns how many bases that were.

    Parameters
    ----------
    works
        All of a job's.
    workers
        Processes at most; changes nothing but the time. With GPUs, those that pack and save.
    """
    damaged = [path for work in works for path in work.damaged_files()]
    if damaged:
        note(f"{damaged[0]}: damaged, 1 of {len(damaged):,} such files; predicted again")
    clear(damaged)
    todo = missing(works)
    if not todo:  # of which a bar would say nothing
        return 0
    bases, left = (sum(work.bases for work in part) for part in (works, todo))
    if left < bases:
        note(f"{bases - left:,} of {bases:,} bases are kept from before")
    with staged(observer, "predicting", "bp", bases, bases - left) as advance:
        for done in predict_each(todo, workers):
            advance(done.bases)
    return left


def missing(works: Sequence[BlockWork]) -> list[BlockWork]:
    """Those whose blocks, or their counts, are not saved yet."""
    return [work for work in works if not all(path.exists() for path in work.files)]


def predict_each(works: Sequence[BlockWork], workers: int) -> Iterator[BlockWork]:
    """Predict and save; yields each as it is finished, in any order."""
    if works and works[0].recipe.device != "cpu":
        yield from predict_on_gpus(works, workers)
    else:
        small = sum(work.bases for work in works) <= _WORTH_A_PROCESS
        yield from (
            done for done, _ in in_processes(predict_blocks, works, 1 if small else workers)
        )
