"""Which bases a network's prediction of a marker depends on, over a stretch of a chromosome."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from regtrack.errors import InputError
from regtrack.explain.explained_models import ExplainedModel, row_of
from regtrack.explain.gradient import by_distance, distances, input_gradients, open_network, widths
from regtrack.explain.positives import MEASURED, PREDICTED
from regtrack.explain.strongest import Stretch, contributions, strongest
from regtrack.genome.fasta import Genome
from regtrack.genome.intervals import EMPTY, Interval, IntervalSet
from regtrack.genome.markers import Marker
from regtrack.genome.unknown_sequence import nothing_but_n
from regtrack.models.network import Network
from regtrack.observer import Observer, staged
from regtrack.prediction.forward import predict_interval
from regtrack.prediction.windows import suited_length, tile
from regtrack.scoring.trust import BETTER, shown_by


@dataclass(frozen=True)
class Explanation:
    """Which bases the prediction of one network depends on.

    Parameters
    ----------
    positives
        The bases whose logits were given an error of 1; 0-based, half-open, without N.
    threshold
        Smallest probability of a positive base; None where measured peaks say what is positive.
    start
        Position of the first base that has a norm: the region's, less the context; 0-based.
    norm
        float32 (bases,): L2 norm of the gradient at each base of the region and of the
        context around it. NaN at N.
    probability
        float32, the predicted probability at each base of the region. NaN at N.
    strongest
        The stretches of sequence that the prediction at the positive bases owes most to.
    """

    model: ExplainedModel
    marker: Marker
    region: Interval
    positives: IntervalSet
    threshold: float | None
    start: int
    norm: npt.NDArray[np.float32]
    probability: npt.NDArray[np.float32]
    strongest: tuple[Stretch, ...]

    @property
    def source(self) -> str:
        """Where the positive bases come from: `MEASURED` or `PREDICTED`."""
        return MEASURED if self.threshold is None else PREDICTED

    @property
    def caution(self) -> str:
        """That validation did not show the marker to be better than chance; else empty."""
        row = row_of(self.model, self.marker)
        assert row is not None
        validated = self.model.checkpoint.validation_of(row)
        if validated is None:
            return ""
        shown = shown_by(validated.interval, validated.base_rate)
        if shown == BETTER:
            return ""
        return (
            f"{self.model.name}, {self.marker.name} in validation: {shown} (average precision "
            f"{validated.average_precision:.4f}, by chance {validated.base_rate:.4f}); what it "
            "looked at may mean nothing"
        )

    @property
    def end(self) -> int:
        """End of the bases that have a norm; 0-based, half-open."""
        return self.start + len(self.norm)

    @property
    def relative(self) -> npt.NDArray[np.float32]:
        """The norm relative to its maximum, between 0 and 1."""
        most = np.nanmax(self.norm)
        return self.norm / most if most > 0 else self.norm

    @property
    def widths(self) -> tuple[int | None, ...]:
        """Bases around a positive one that hold 50, 90 and 99% of the norm."""
        distance = distances(self.start, self.end, self.positives)
        return widths(by_distance(self.norm, distance))


def explain_stretch(
    model: ExplainedModel,
    genome: Genome,
    marker: Marker,
    region: Interval,
    peaks: IntervalSet,
    device: torch.device,
    observer: Observer,
    *,
    window: int | None = None,
) -> Explanation:
    """Backpropagate an error of 1 from every positive base of a region (the paper's figure 2).

    Parameters
    ----------
    peaks
        Measured peaks of the marker on the region's chromosome. If none has a base in the
        region, bases are positive that the network predicts with the marker's threshold or more.
    window
        Bases that the network reads at once, halo included; None suits its context. Changes
        the result by no more than rounding, but for a recurrent network.

    Raises
    ------
    InputError
        When no base is positive.
    """
    row = row_of(model, marker)
    assert row is not None
    network = open_network(model.path, [row], device)
    threshold = model.checkpoint.thresholds[row]
    where = {region.chrom: _whole(region)}
    known = genome.known(where).get(region.chrom, EMPTY)
    if not len(known):
        raise InputError(f"region {region}", nothing_but_n(where, genome))
    observer.stage(f"{model.name}, predicting", "bp", known.bases, 0)
    (probability,) = predict_interval(network, genome, region, known, observer, window=window)
    positives = peaks.intersect(known)
    measured = len(positives) > 0
    if not measured:
        high = np.flatnonzero(probability >= np.float32(threshold)) + region.start
        positives = IntervalSet.of(high, high + 1)
    if not len(positives):
        raise InputError(
            model.path,
            f"no base of {region} is in a measured peak of {marker.name} or predicted with its "
            f"threshold, {threshold:.3g} or more (the highest is {np.nanmax(probability):.3g}): "
            "choose a region with a peak of it (--peaks)",
        )
    context = network.context
    start = max(0, region.start - context.left)
    end = min(genome.chrom_sizes[region.chrom], region.end + context.right)
    around = Interval(region.chrom, start, end)
    with staged(observer, f"{model.name}, explaining", "bp", positives.bases):
        gradient = added_up(network, genome, around, positives, observer, window=window)
        norm = np.linalg.norm(gradient, axis=1)
        codes = genome.codes(region.chrom, start, end)
        norm[codes == 0] = np.nan
    return Explanation(
        model,
        marker,
        region,
        positives,
        None if measured else threshold,
        start,
        norm,
        probability,
        strongest(contributions(network, gradient, codes), codes, start),
    )


def added_up(
    network: Network,
    genome: Genome,
    around: Interval,
    positives: IntervalSet,
    observer: Observer,
    *,
    window: int | None = None,
) -> npt.NDArray[np.float32]:
    """Gradient of the sum of a network's only logit over the positive bases.

    Every window holds the full context of its core and is given the errors of its core. So the
    sum over windows equals the gradient of one window over everything.

    Parameters
    ----------
    around
        The bases to give a gradient: positive bases and their context.

    Returns
    -------
    float32 (bases, 4)
    """
    device = network.device
    total = np.zeros((len(around), 4), np.float32)
    length = window or suited_length(network.context)
    for tiled in tile(positives, network.context, length):
        core_positives = positives.clip(tiled.core_start, tiled.core_end)
        errors = torch.zeros(1, tiled.core_end - tiled.core_start, 1)
        for first, last in core_positives:
            errors[:, first - tiled.core_start : last - tiled.core_start] = 1
        codes = torch.from_numpy(genome.codes(around.chrom, tiled.start, tiled.end)[None])
        gradient = input_gradients(
            network,
            codes.to(device, torch.int32),
            tiled.core_start - tiled.start,
            errors.to(device),
        )
        first, last = max(tiled.start, around.start), min(tiled.end, around.end)
        place = slice(first - around.start, last - around.start)
        total[place] += gradient[0, first - tiled.start : last - tiled.start].cpu().numpy()
        observer.advanced(core_positives.bases)
    return total


def _whole(region: Interval) -> IntervalSet:
    return IntervalSet.of([region.start], [region.end])
