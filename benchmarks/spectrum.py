"""Whether a network's grid shows in its tracks, as a line in their spectrum.

    python benchmarks/spectrum.py GENOME REGION MODEL [MODEL ...]

Predicts a region of at least 100,000 bases without N, takes the logits of every marker, and their
power at each frequency (stretches of 10,000 bases that overlap by half, Hann's window). A grid of
10 bases puts lines at periods of 10, 5 and 2 bases, one of 50 bases at 50 and 25, too; neither puts
one at 20. Printed is the power at each of these periods over the median of the frequencies beside
it, which is about 1 where there is no line: the median over markers, and what 1 in 20 exceeds.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

import regtrack as rt

LENGTH = 10_000  # bases of a stretch: every period divides it, so that its line is one frequency
PERIODS = (50, 25, 20, 10, 5, 2)
BESIDE = 40  # frequencies on each side that a line is held against, without the next three


def spectrum(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Mean power of the logits of (markers, bases) at multiples of 1 / LENGTH, for each marker."""
    logits = np.log(values) - np.log1p(-values)
    window = np.hanning(LENGTH)
    starts = range(0, logits.shape[1] - LENGTH + 1, LENGTH // 2)
    total = np.zeros((len(logits), LENGTH // 2 + 1))
    for start in starts:
        part = logits[:, start : start + LENGTH].astype(np.float64)
        part -= part.mean(axis=1, keepdims=True)
        total += np.abs(np.fft.rfft(part * window, axis=1)) ** 2
    return total / len(starts)


def line(power: npt.NDArray[np.float64], period: int) -> npt.NDArray[np.float64]:
    """Power at a period over the median of what lies beside it, for each marker."""
    place = LENGTH // period
    near = np.arange(place - BESIDE, place + BESIDE + 1)
    near = near[(np.abs(near - place) > 3) & (near < power.shape[1])]
    found: npt.NDArray[np.float64] = power[:, place] / np.median(power[:, near], axis=1)
    return found


def main() -> None:
    """Read the command line and print the table."""
    genome, region, *models = sys.argv[1:]
    print("model", *(f"{period} bases\t1 in 20" for period in PERIODS), sep="\t")
    for path in models:
        values = rt.load_model(path).predict(genome, region).values
        if np.isnan(values).any():
            sys.exit(f"{region} has N, or nothing is predicted there")
        power = spectrum(values)
        cells = [Path(path).stem]
        for period in PERIODS:
            lines = line(power, period)
            cells.append(f"{np.median(lines):.3g}\t{np.quantile(lines, 0.95):.3g}")
        print(*cells, sep="\t", flush=True)


if __name__ == "__main__":
    main()
