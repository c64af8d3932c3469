"""Values of some markers at every base of a region, as an array that knows where it lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from regtrack.api.frames import frame
from regtrack.genome.intervals import Interval
from regtrack.genome.markers import Marker
from regtrack.listing import counted, first_names

if TYPE_CHECKING:
    import pandas as pd


class UnknownMarkerError(KeyError):
    """No marker of this name; a KeyError whose message can be read."""

    def __str__(self) -> str:
        return str(self.args[0])


def no_marker(name: str, there: tuple[Marker, ...]) -> UnknownMarkerError:
    """The error about a name that none of some markers has."""
    listed = first_names(marker.name for marker in there)
    return UnknownMarkerError(f"no marker is called {name!r} here; there are {listed}")


@dataclass(frozen=True, eq=False, repr=False)
class Prediction:
    """Probabilities, or signals, of some markers at every base of a region.

    `numpy.asarray(prediction)` is its `values`; `prediction[name]` is one marker's.

    Parameters
    ----------
    chrom, start
        Chromosome, and the position of the first base, 0-based.
    markers
        One per row.
    values
        float32 (markers, bases), 0 to 1, or, of signals, from 0 upward. NaN where there is none: at
        N and, of what was read from tracks, where the probability is under their floor or nothing
        was predicted.
    """

    chrom: str
    start: int
    markers: tuple[Marker, ...]
    values: npt.NDArray[np.float32]

    @property
    def end(self) -> int:
        """Behind the last base, 0-based."""
        return self.start + self.shape[1]

    @property
    def shape(self) -> tuple[int, int]:
        """Number of markers, and of bases."""
        markers, bases = self.values.shape
        return markers, bases

    @property
    def names(self) -> tuple[str, ...]:
        """The markers' names."""
        return tuple(marker.name for marker in self.markers)

    def __getitem__(self, name: str) -> npt.NDArray[np.float32]:
        """float32 (bases,): the values of the marker of this name.

        Raises
        ------
        KeyError
            When there is none.
        """
        if name not in self.names:
            raise no_marker(name, self.markers)
        values: npt.NDArray[np.float32] = self.values[self.names.index(name)]
        return values

    def __array__(
        self, dtype: npt.DTypeLike | None = None, copy: bool | None = None
    ) -> npt.NDArray[np.generic]:
        if copy:
            return np.array(self.values, dtype)
        values = np.asarray(self.values, dtype)
        if copy is False and values is not self.values:
            raise ValueError(f"values of {self.values.dtype} cannot be {dtype} without a copy")
        return values

    def to_frame(self) -> pd.DataFrame:
        """A row per base, indexed by its `position` (0-based), and a column per marker.

        Returns
        -------
        pandas.DataFrame
            float32; the chromosome is `Prediction.chrom`.

        Raises
        ------
        RegtrackError
            Where pandas is not installed.
        """
        table = frame(
            dict(zip(self.names, self.values, strict=True)), index=range(self.start, self.end)
        )
        return table.rename_axis(index="position", columns="marker")

    def __repr__(self) -> str:
        where = Interval(self.chrom, self.start, self.end)
        return f"<Prediction of {counted(len(self.markers), 'marker')} on {where}>"
