"""Networks of a user's own, found by name: how they are built, and what context they need."""

from __future__ import annotations

import copy
import inspect
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn

from regtrack.errors import InputError
from regtrack.models.architecture import Architecture, Code
from regtrack.models.measured_context import (
    UnboundedError,
    UnevenError,
    holds,
    measure_context,
)
from regtrack.models.network import Context, Network
from regtrack.models.own_code import OwnClass, raised_in
from regtrack.models.own_network import SIGNAL, Contract, OwnNetwork
from regtrack.notes import note

# Enough to tell markers from a batch; the context does not depend on their number.
_FEW_MARKERS = 2

_KINDS = (bool, int, float, str)
_EXPECTED = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}

# Layers that read on without end: what a try of weights of chance shows is no bound.
_UNBOUNDED = (nn.RNNBase, nn.MultiheadAttention)

_DECLARE = "declare left and right, in bases (docs/own-network.md)"

# Of the settings of all networks, what the paper searched.
_GRID = {"learning_rate": (0.001, 0.01, 0.1), "dropout": (0.1, 0.01)}


@dataclass(frozen=True, eq=False, kw_only=True)
class OwnArchitecture(Architecture):
    """A network of a user's own; `network` is their class, a plain torch.nn.Module.

    Parameters
    ----------
    own
        The user's class, and where it is defined.
    context
        As an earlier process found it; None to declare or measure it.
    """

    own: OwnClass
    context: Context | None = None
    _contexts: dict[tuple[Any, ...], Context] = field(default_factory=dict)

    @classmethod
    def of(cls, own: OwnClass) -> OwnArchitecture:
        """That of a class.

        Raises
        ------
        InputError
            When its settings are not such as a checkpoint can keep.
        """
        try:
            parameters = list(inspect.signature(own.network).parameters.values())
        except ValueError as error:
            raise InputError(own.path, f"{own.name}: {error}") from error
        if not parameters or parameters[0].kind is inspect.Parameter.KEYWORD_ONLY:
            raise InputError(
                own.path, f"{own.name} takes no number of markers; expected it as first argument"
            )
        for setting in parameters[1:]:
            if (
                setting.kind is inspect.Parameter.KEYWORD_ONLY
                and type(setting.default) not in _KINDS
            ):
                default = "none" if setting.default is setting.empty else repr(setting.default)
                raise InputError(
                    own.path,
                    f"{own.name}: expected a number, a text, True or False as default of its "
                    f"setting {setting.name}, got {default}",
                )
        return cls(own.name, "dense", own.network, "", grid=_GRID, own=own)  # type: ignore[arg-type]

    def build(self, markers: int, settings: Mapping[str, Any] | None = None) -> Network:
        """The network as its class makes it, always on the CPU; see `Architecture.build`.

        Raises
        ------
        ValueError
            As `check`.
        InputError
            When the class, or the module that it makes, does not keep the contract.
        """
        settings = settings or {}
        self.check(settings)
        module = self._module(markers, settings)
        contract = self._contract_of(module)
        network = OwnNetwork(module, contract, markers, Context(), self.own.path)
        network.context = self._context_of(network, markers, settings)
        return network

    def check(self, settings: Mapping[str, Any]) -> None:
        """Raise ValueError for settings that it does not have; those of the type are accepted."""
        known = self.default_settings()
        for name, value in settings.items():
            if name not in known:
                have = ", ".join(known) or "none"
                raise ValueError(f"{self.name} has no setting {name}; it has {have}")
            kind = type(known[name])
            if type(value) is not kind and not (kind is float and type(value) is int):
                raise ValueError(f"expected {_EXPECTED[kind]} as {name}, got {value!r}")

    def code_of(self, network: Network) -> Code:
        """What a checkpoint keeps of the code, and of the context that it led to."""
        context = network.context
        return Code(self.own.path.name, self.own.sha256, context.left, context.right, context.exact)

    @property
    def sha256(self) -> str:
        """Of the file of the code."""
        return self.own.sha256

    def _module(self, markers: int, settings: Mapping[str, Any]) -> nn.Module:
        try:
            with torch.device("cpu"):  # its own code need not know torch's meta tensors
                return self.own.network(markers, **settings)
        except Exception as error:
            raise raised_in(self.own.path, error) from error

    def _contract_of(self, module: nn.Module) -> Contract:
        try:
            return Contract.of(module)
        except ValueError as error:
            raise InputError(self.own.path, f"{self.name}: {error}") from error

    def _context_of(
        self, network: OwnNetwork, markers: int, settings: Mapping[str, Any]
    ) -> Context:
        """Declared or measured, once in a process."""
        stride = network.contract.stride
        if self.context is not None:
            return replace(self.context, stride=stride)
        key = tuple(sorted({**self.default_settings(), **settings}.items()))
        if key not in self._contexts:
            # What is drawn here must change nothing of a training.
            with torch.random.fork_rng(devices=[]), torch.device("cpu"):
                self._contexts[key] = self._new_context(network, markers, settings)
        return self._contexts[key]

    def _new_context(
        self, network: OwnNetwork, markers: int, settings: Mapping[str, Any]
    ) -> Context:
        contract, path = network.contract, self.own.path
        _predict(copy.deepcopy(network))(torch.ones(1, 64 * contract.stride, dtype=torch.long))
        trial = self._trial_network(markers, settings)
        if contract.returns == "logits":
            self._tell_probabilities(trial)
        unbounded = [layer for layer in trial.modules() if isinstance(layer, _UNBOUNDED)]
        if contract.left is not None and contract.right is not None:
            declared = Context(left=contract.left, right=contract.right, stride=contract.stride)
            is_bound = not unbounded and holds(_predict(trial), contract.bin, declared)
            return replace(declared, exact=is_bound)
        if unbounded:
            kind = type(unbounded[0]).__name__
            raise InputError(path, f"{self.name} has a layer {kind}, without bound; {_DECLARE}")
        try:
            return measure_context(_predict(trial.double()), contract.bin, contract.stride)
        except UnboundedError:
            raise InputError(
                path, f"{self.name} depends on all that it reads; {_DECLARE}"
            ) from None
        except UnevenError:
            raise InputError(
                path,
                f"{self.name} predicts otherwise where a window starts {contract.stride} bases "
                "later; declare its stride",
            ) from None
        except InputError as error:
            raise InputError(
                path, f"{self.name} cannot be measured in float64 ({error.problem}); {_DECLARE}"
            ) from error

    def _tell_probabilities(self, trial: OwnNetwork) -> None:
        """Say so where what are taken for logits look like probabilities.

        Their sigmoid would lie between 0.5 and 0.73, and training would teach it to.
        """
        chance = torch.Generator().manual_seed(0)
        codes = torch.randint(1, 5, (1, 64 * trial.contract.stride), generator=chance)
        outputs = _predict(trial)(codes)
        # Numbers that are all 0, say, tell nothing.
        if 0 <= float(outputs.min()) < float(outputs.max()) <= 1:
            note(
                f"{self.own.path}: every output of {self.name} lies between 0 and 1: if these are "
                'probabilities, declare returns = "probabilities"'
            )

    def _trial_network(self, markers: int, settings: Mapping[str, Any]) -> OwnNetwork:
        """The network for few markers, with weights of chance, none of them 0.

        For the right number of markers where it can be made for no other.
        """
        for number in (_FEW_MARKERS, markers):
            try:
                module = self._module(number, settings)
                contract = self._contract_of(module)
                if contract.returns == SIGNAL:  # which weights of chance may well make negative
                    contract = replace(contract, returns="logits", range=None)
                trial = OwnNetwork(module, contract, number, Context(), self.own.path)
                codes = torch.ones(1, 64 * trial.contract.stride, dtype=torch.long)
                _predict(trial)(codes)
            except InputError:
                if number == markers:
                    raise
            else:
                break
        chance = torch.Generator().manual_seed(0)
        with torch.no_grad():
            for weights in trial.parameters():
                if weights.is_floating_point():
                    weights.copy_(_drawn(weights, chance))
        return trial


def _drawn(weights: Tensor, chance: torch.Generator) -> Tensor:
    """Weights that keep the scale of what goes through them, biases that open every ReLU."""
    if weights.dim() < 2:
        return torch.rand(weights.shape, generator=chance) + 0.25
    inputs = weights.numel() // len(weights)
    return torch.randn(weights.shape, generator=chance) / math.sqrt(inputs)


def _predict(network: OwnNetwork) -> Any:
    """Codes (1, length) -> (outputs, markers), in evaluation mode."""
    network.eval()

    def predict(codes: Tensor) -> Tensor:
        network.context = Context(stride=network.contract.stride)
        with torch.no_grad():
            return network.body(codes)[0]

    return predict
