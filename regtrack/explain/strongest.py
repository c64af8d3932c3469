"""The stretches of sequence that a prediction owes most to, with their letters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from numpy.lib.stride_tricks import sliding_window_view

from regtrack.genome.fasta import BASES, Codes
from regtrack.models.network import Network

# About as long as what a transcription factor binds.
LENGTH = 15
MOST = 20


@dataclass(frozen=True)
class Stretch:
    """A stretch of sequence, and what it adds to a prediction.

    Parameters
    ----------
    start, end
        On the chromosome; 0-based, half-open.
    letters
        Its sequence.
    contribution
        Sum over its bases of gradient x input, as `contributions` has it: above 0 where the
        letters raise the logits, below 0 where they lower them.
    """

    start: int
    end: int
    letters: str
    contribution: float


def contributions(
    network: Network, gradient: npt.NDArray[np.float32], codes: Codes
) -> npt.NDArray[np.float32]:
    """Gradient x input of each base, less the mean of what the four letters would have there.

    So it does not depend on where the embedding of the letters has its origin.

    Parameters
    ----------
    gradient
        float32 (bases, 4), as `regtrack.explain.gradient.input_gradients`.
    codes
        uint8 (bases,), N=0 A=1 C=2 T=3 G=4.

    Returns
    -------
    float32 (bases,)
        0 at N.
    """
    every = torch.arange(len(BASES), dtype=torch.int32, device=network.device)
    with torch.no_grad():
        letters = network.inputs(every[None])[0].T.float().cpu().numpy()
    known = letters[1:] - letters[1:].mean(axis=0)
    inputs = np.concatenate((np.zeros((1, known.shape[1]), np.float32), known))
    total: npt.NDArray[np.float32] = np.einsum("bi,bi->b", gradient, inputs[codes])
    return total


def strongest(
    contribution: npt.NDArray[np.float32], codes: Codes, start: int
) -> tuple[Stretch, ...]:
    """At most `MOST` stretches of `LENGTH` bases that do not overlap, the strongest first.

    Parameters
    ----------
    contribution, codes
        (bases,) of consecutive bases.
    start
        Position of the first of them, 0-based.
    """
    length = min(LENGTH, len(codes))
    sums = sliding_window_view(contribution, length).sum(axis=1, dtype=np.float64)
    left = np.abs(sums)
    found: list[Stretch] = []
    while len(found) < MOST and left.max() > 0:
        first = int(left.argmax())
        letters = "".join(BASES[code] for code in codes[first : first + length].tolist())
        found.append(Stretch(start + first, start + first + length, letters, float(sums[first])))
        left[max(0, first - length + 1) : first + length] = 0
    return tuple(found)
