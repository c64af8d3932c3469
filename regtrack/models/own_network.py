"""A user's own network, a plain torch.nn.Module, as regtrack asks networks for everything.

What the module declares about itself is the contract of docs/own-network.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from regtrack.errors import InputError
from regtrack.genome.fasta import BASES
from regtrack.models.network import ALL, Context, Network, by_base
from regtrack.models.own_code import raised_in
from regtrack.signals import MOST, check_range

CODES = "codes"
SIGNAL = "signal"
_RETURNS = ("logits", "probabilities", SIGNAL)
_WIDEST_BIN = 10_000

# Probabilities this close to 0 or 1 have no logit of use.
_CLOSEST = 1e-7


@dataclass(frozen=True)
class Contract:
    """What a module says of itself, by attributes of its class or of its instance.

    Parameters
    ----------
    reads
        `codes`: integers (batch, length), N=0 A=1 C=2 T=3 G=4. Or four letters such as `ACGT`:
        one-hot (batch, 4, length), with the bases in this order.
    n_value
        What an N is in each of the four channels.
    bin
        Bases that one output stands for.
    stride
        Windows start at multiples of it; a multiple of `bin`.
    left, right
        Bases that a prediction depends on, on each side; None to have them measured.
    returns
        `logits` or `probabilities`; or `signal`, whose values are from 0 upward.
    range
        Of a signal, what errors are a share of: a number, or one for each marker. None to have it
        measured.

    Raises
    ------
    ValueError
        When one of them is something else.
    """

    reads: str = CODES
    n_value: float = 0.0
    bin: int = 1
    stride: int = 1
    left: int | None = None
    right: int | None = None
    returns: str = "logits"
    range: float | tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        if self.reads != CODES and not (
            isinstance(self.reads, str) and sorted(self.reads) == sorted("ACGT")
        ):
            raise ValueError(f"expected 'codes' or an order of ACGT as reads, got {self.reads!r}")
        if type(self.n_value) not in (int, float):
            raise ValueError(f"expected a number as n_value, got {self.n_value!r}")
        _check_count("bin", self.bin, 1, _WIDEST_BIN)
        _check_count("stride", self.stride, 1, _WIDEST_BIN)
        if self.stride % self.bin:
            raise ValueError(f"expected a multiple of its bin, {self.bin}, as stride")
        if (self.left is None) != (self.right is None):
            raise ValueError("expected left and right, or neither of them")
        if self.left is not None:
            _check_count("left", self.left, 0)
            _check_count("right", self.right, 0)
        if self.returns not in _RETURNS:
            raise ValueError(f"expected {' or '.join(_RETURNS)} as returns, got {self.returns!r}")
        if self.range is not None:
            if self.returns != SIGNAL:
                raise ValueError(f"a range is of returns = {SIGNAL!r}, not of {self.returns!r}")
            ranges = self.range if isinstance(self.range, tuple | list) else (self.range,)
            for marker_range in ranges:
                check_range(marker_range)

    def ranges(self, markers: int) -> tuple[float, ...] | None:
        """The range of each of so many markers; None where it is not declared.

        Raises
        ------
        ValueError
            When it is declared for another number of markers.
        """
        if self.range is None:
            return None
        if not isinstance(self.range, tuple | list):
            return (float(self.range),) * markers
        if len(self.range) != markers:
            raise ValueError(
                f"expected a range for each of {markers} markers, got {len(self.range)}"
            )
        return tuple(map(float, self.range))

    @classmethod
    def of(cls, module: nn.Module) -> Contract:
        """That of a module; what it does not declare is as usual.

        Raises
        ------
        ValueError
            As the class.
        """
        width = getattr(module, "bin", cls.bin)
        usual: dict[str, Any] = {**vars(cls()), "stride": width}
        return cls(**{name: getattr(module, name, value) for name, value in usual.items()})


def _check_count(name: str, value: object, least: int, most: int = 10**9) -> None:
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"expected a number from {least} to {most:,} as {name}, got {value!r}")


class OwnNetwork(Network):
    """A user's module; its outputs are the logits, so that no layer of regtrack's follows.

    Or they are signals, and are what is asked of as logits everywhere.

    Parameters
    ----------
    module
        Bases as its contract says -> (batch, markers, length / bin).
    markers
        That it was made for.
    context
        Declared or measured.
    path
        The file of its code, for messages.
    """

    hidden_is_logits = True

    def __init__(
        self, module: nn.Module, contract: Contract, markers: int, context: Context, path: Path
    ) -> None:
        super().__init__(nn.Sequential(), context)
        self.module = module
        self.contract = contract
        self._markers = markers
        self._path = path
        self._rows: list[int] | None = None

    @property
    def outputs(self) -> int:
        """Those that are kept."""
        return self._markers if self._rows is None else len(self._rows)

    @property
    def device(self) -> torch.device:
        """Where its tensors lie; the CPU where it has none."""
        return next((part.device for part in self.weights().values()), torch.device("cpu"))

    @property
    def output_bias(self) -> Tensor | None:
        """Of a layer that the module calls `output`, with a bias per marker."""
        bias = getattr(getattr(self.module, "output", None), "bias", None)
        fits = isinstance(bias, Tensor) and bias.shape == (self._markers,)
        return bias if fits else None

    @property
    def reads_codes(self) -> bool:
        """Whether it reads integers, through which no gradient goes."""
        return self.contract.reads == CODES

    @property
    def is_signal(self) -> bool:
        """As its contract says."""
        return self.contract.returns == SIGNAL

    def hidden(self, codes: Tensor, positions: slice = ALL) -> list[Tensor]:
        """The logits of bases; see `Network.hidden`."""
        by_bin = self._by_bin(self.inputs(codes))
        return [by_base(by_bin, self.contract.bin, 0, codes.shape[1])[:, positions]]

    def body(self, codes: Tensor) -> Tensor:
        """Logits (batch, bins, markers); see `Network.body`.

        Raises
        ------
        InputError
            When one of them is no number, or no signal.
        """
        by_bin = self._by_bin(self.inputs(codes))
        if not bool(torch.isfinite(by_bin).all()):
            raise InputError(self._path, "the network gives a value that is not a number")
        if self.is_signal and bool(((by_bin < 0) | (by_bin > MOST)).any()):
            raise InputError(
                self._path,
                f"the network gives {float(by_bin.min()):g} to {float(by_bin.max()):g}; expected "
                f"a signal from 0 to {MOST:g}, as it declares",
            )
        return by_bin

    def logits(self, body: Tensor, start: int, end: int) -> Tensor:
        """Those of the bin that a base lies in; see `Network.logits`."""
        first, last = start // self.contract.bin, -(-end // self.contract.bin)
        return by_base(body[:, first:last], self.contract.bin, start, end)

    def inputs(self, codes: Tensor) -> Tensor:
        """As the contract says; see `Network.inputs`."""
        if self.reads_codes:
            return codes.long()
        order = [BASES.index(base) for base in self.contract.reads]
        onehot = F.one_hot(codes.long(), len(BASES)).transpose(1, 2).to(self._dtype)
        bases = onehot[:, order]
        return bases + self.contract.n_value * onehot[:, :1] if self.contract.n_value else bases

    def logits_from(self, inputs: Tensor, start: int, end: int) -> Tensor:
        """Of all bases, of which these are kept; see `Network.logits_from`."""
        return self.logits(self._by_bin(inputs), start, end)

    def keep_markers(self, rows: list[int]) -> None:
        """Give these outputs only; the module computes all of them."""
        self._rows = rows if self._rows is None else [self._rows[row] for row in rows]

    def set_step(self, step: int) -> None:  # noqa: ARG002
        """Refuse; see `Network.set_step`."""
        raise ValueError("a network of one's own has the bin that it declares")

    @property
    def _dtype(self) -> torch.dtype:
        kinds = (part.dtype for part in self.weights().values() if part.is_floating_point())
        return next(kinds, torch.float32)

    def _by_bin(self, inputs: Tensor) -> Tensor:
        """Logits (batch, bins, markers) of a whole window."""
        length = inputs.shape[-1]
        self._check_length(length)
        try:
            outputs = self.module(inputs)
        except Exception as error:
            raise raised_in(self._path, error, self._describe_inputs(inputs)) from error
        expected = (len(inputs), self._markers, length // self.contract.bin)
        if not isinstance(outputs, Tensor):
            raise InputError(
                self._path, f"the network returns a {type(outputs).__name__}; expected a tensor"
            )
        if tuple(outputs.shape) != expected or not outputs.is_floating_point():
            raise InputError(
                self._path,
                f"the network returns {outputs.dtype} {tuple(outputs.shape)} for {length:,} bases; "
                f"expected numbers {expected}: batch, markers, outputs of {self.contract.bin} bp"
                + self._bin_of(outputs, expected, length),
            )
        if self._rows is not None:
            outputs = outputs[:, self._rows]
        by_bin = outputs.transpose(1, 2).contiguous()
        return self._logit(by_bin) if self.contract.returns == "probabilities" else by_bin

    def _describe_inputs(self, inputs: Tensor) -> str:
        """What the module read when it failed, and what to declare for something else."""
        shape = tuple(inputs.shape)
        if self.reads_codes:
            onehot = (shape[0], 4, shape[1])
            return f'it was given codes {shape}; reads = "ACGT" gives one-hot {onehot}'
        return f'it was given one-hot {shape}, by its reads = "{self.contract.reads}"'

    def _bin_of(self, outputs: Tensor, expected: tuple[int, ...], length: int) -> str:
        """The bin that outputs of another number tell; empty where they tell none."""
        if outputs.dim() != len(expected) or tuple(outputs.shape[:2]) != expected[:2]:
            return ""
        count = outputs.shape[2]
        if not outputs.is_floating_point() or not count or length % count:
            return ""
        return f"; declare bin = {length // count}"

    def _logit(self, probabilities: Tensor) -> Tensor:
        """Logits of what are probabilities already.

        Raises
        ------
        InputError
            When one of them is not between 0 and 1.
        """
        values = probabilities.detach()
        if bool(((values < 0) | (values > 1)).any()):
            raise InputError(
                self._path,
                f"the network gives {float(values.min()):g} to {float(values.max()):g}; expected "
                "probabilities, as it declares",
            )
        if probabilities.dtype == torch.float64:
            return torch.logit(probabilities, 1e-15)
        return torch.logit(probabilities.float(), _CLOSEST)
