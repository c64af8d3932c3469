"""What of a GPU's memory a job takes, and so how much of it is predicted at a time."""

from __future__ import annotations

import os
from dataclasses import dataclass

import torch

from regtrack.folders import size_text
from regtrack.listing import counted
from regtrack.prediction.blockwork import BlockRecipe
from regtrack.tracks.blocks import BLOCK_LENGTH

# Bases at most whose probabilities lie on the device together, should they fit into this share of
# its free memory: the kernels go through all their blocks side by side.
_MOST_BASES = 32 * BLOCK_LENGTH
_SHARE_OF_MEMORY = 0.5


@dataclass(frozen=True)
class MemoryNeed:
    """Memory that a job takes on a GPU, as it was measured on a few bases.

    Parameters
    ----------
    free
        Bytes that are free there.
    at_once
        Bases that are predicted at a time, where there are so many.
    a_base
        Bytes of each of them: its probabilities, its labels and its share of the segments.
    fixed
        Bytes besides: weights, and what the network computes of its windows.
    """

    free: int
    at_once: int
    a_base: float
    fixed: float

    @classmethod
    def measured(
        cls, recipe: BlockRecipe, free: int, peak: int, bases: int, segments: int
    ) -> MemoryNeed:
        """From a measurement.

        Parameters
        ----------
        peak
            Bytes that were taken at most.
        bases
            What was predicted, as much as fits at a time.
        segments
            Bytes of all its segments.
        """
        at_once = bases_at_once(recipe, free)
        a_base = base_bytes(recipe) + segments / bases
        return cls(free, at_once, a_base, max(0.0, peak - a_base * min(bases, at_once)))

    def describe(self, bases: int) -> str:
        """Of a job of so many bases, for people."""
        # One block is tried in any case.
        blocks = max(1, min(bases, self.at_once) // BLOCK_LENGTH)
        needed = int(self.fixed + self.a_base * min(bases, blocks * BLOCK_LENGTH))
        return (
            f"about {size_text(needed)} of {size_text(self.free)} that are free; "
            f"{counted(blocks, 'block', 'blocks')} of {BLOCK_LENGTH:,} bases at a time"
        )


def free_memory(device: torch.device) -> int:
    """Bytes that this process can still take, what PyTorch keeps for it included."""
    if device.type == "cpu":  # the kernels are tested on one, in Triton's interpreter
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    free, _ = torch.cuda.mem_get_info(device)
    return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)


def measure_peak(device: torch.device) -> None:
    """Begin to measure what is taken at most."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def measured_peak(device: torch.device) -> int:
    """Bytes that were taken at most since then; 0 where nobody counts them."""
    return torch.cuda.max_memory_allocated(device) if device.type == "cuda" else 0


def bases_at_once(recipe: BlockRecipe, free: int) -> int:
    """Bases whose probabilities are to lie together on a device with so many bytes free."""
    return min(_MOST_BASES, int(free * _SHARE_OF_MEMORY) // base_bytes(recipe))


def base_bytes(recipe: BlockRecipe) -> int:
    """Of a base: its probabilities, and a byte for each label."""
    labels = recipe.labels
    return torch.float32.itemsize * len(recipe.rows) + (len(labels.rows) if labels else 0)
