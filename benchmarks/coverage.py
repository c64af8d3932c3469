"""How often the 95% interval of an average precision holds the truth.

    python benchmarks/coverage.py [TRIALS]

Draws blocks of a simulated genome from a model whose average precision is known (from 40,000
blocks): backgrounds that differ from block to block, and peaks that come in clusters and are more
or less clear. Prints, for several numbers of blocks, in how many trials the interval that
`regtrack eval` gives holds the truth. (The blocks are thinned to one base in 50, which changes
nothing in what is resampled.)
"""

from __future__ import annotations

import sys

import numpy as np
import numpy.typing as npt

from regtrack.scoring.histogram import COARSE, bin_edges
from regtrack.scoring.metrics import average_precision
from regtrack.scoring.resampling import LEAST_LENGTH, interval, replicate

THINNING = 50
TRUTH_BLOCKS = 40_000
# Blocks, and peaks per block on the average.
CASES = ((14, 2.0), (14, 8.0), (30, 2.0), (60, 1.0), (128, 0.5), (128, 5.0))

Counts = npt.NDArray[np.int64]


def draw_blocks(random: np.random.Generator, blocks: int, peaks: float) -> Counts:
    """int64 (blocks, 2, bins): counts of bases outside and inside of peaks."""
    edges = bin_edges(COARSE)
    counts = np.empty((blocks, 2, len(edges) - 1), np.int64)
    for block in range(blocks):
        outside = random.normal(-6 + random.normal(0, 0.5), 1.2, LEAST_LENGTH // THINNING)
        inside = [np.empty(0)]
        # Some blocks have many peaks, most few.
        for _ in range(random.negative_binomial(1.5, 1.5 / (1.5 + peaks))):
            clear = random.normal(-3.5, 1.5)
            inside.append(random.normal(clear, 0.5, random.integers(3, 30)))
        for row, logits in enumerate((outside, np.concatenate(inside))):
            counts[block, row] = np.histogram(1 / (1 + np.exp(-logits)), edges)[0]
    return counts


def score(counts: Counts) -> float:
    """Average precision of all blocks together."""
    return float(average_precision(*counts.sum(axis=0), tied=False))


def main() -> None:
    """Read the command line, simulate, and print."""
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    random = np.random.default_rng(1)
    print(f"{'blocks':>7}{'peaks':>7}{'truth':>8}{'trials':>8}{'given':>7}{'held':>7}{'width':>8}")
    for blocks, peaks in CASES:
        truth = score(draw_blocks(random, TRUTH_BLOCKS, peaks))
        held, widths = 0, []
        for _ in range(trials):
            counts = draw_blocks(random, blocks, peaks)
            with_positives = int(counts[:, 1].any(axis=1).sum())
            low, high = interval(score(counts), replicate(counts), with_positives)
            if low <= high:
                held += low <= truth <= high
                widths.append(high - low)
        print(
            f"{blocks:>7}{peaks:>7g}{truth:>8.4f}{trials:>8}{len(widths):>7}"
            f"{held / len(widths):>7.3f}{np.mean(widths):>8.3f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
