"""Published weights, fetched and made into a checkpoint."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from regtrack.errors import ArgumentError, InputError
from regtrack.fetching.report import Report, check_made
from regtrack.fetching.run import fetch_weights
from regtrack.fetching.settings import FetchSettings
from regtrack.fetching.sources import MODELS
from regtrack.fetching.web import Web
from regtrack.models.checkpoint import read_checkpoint, save_checkpoint
from regtrack.models.published import read_deepsea
from regtrack.observer import Observer
from regtrack.workspace.network_names import FETCHED, NOT_FETCHED
from regtrack.workspace.networks import checkpoint_path

# Of the training summary of such a checkpoint: the MD5 of the weights that it was made of.
_MADE_OF = "weights_md5"


def fetch_model(
    name: str, settings: FetchSettings, observer: Observer, web: Web | None = None
) -> tuple[Report, Path]:
    """Fetch a network's weights, and make a checkpoint of them unless that is there.

    Returns
    -------
    Report, Path
        Of the weights, and where the checkpoint is, or will be: there is none after a dry run
        or a failure.

    Raises
    ------
    ArgumentError
        When there is no such network, or it cannot be fetched.
    InputError
        When the weights are not this network's.
    RegtrackError, OSError
        As `regtrack.fetching.run.fetch`; offline also when the checkpoint is not there.
    """
    if name in NOT_FETCHED:
        raise ArgumentError("name", f"{name} cannot be fetched: {NOT_FETCHED[name]}")
    if name not in FETCHED:
        raise ArgumentError("name", f"no network {name!r}; expected {', '.join(FETCHED)}")
    out = checkpoint_path(name)
    report = fetch_weights(name, settings, observer, web)
    is_made = settings.dry_run or report.failed or _made_of(out) == MODELS[name].md5
    if settings.offline:
        check_made([] if is_made else [out.name], out.parent)
    elif not is_made:
        _convert(report.where("model"), out, MODELS[name].md5)
    return report, out


def _made_of(path: Path) -> str | None:
    """MD5 of the weights that a checkpoint was made of; None where there is no sound one."""
    try:
        made_of = read_checkpoint(path).training.get(_MADE_OF)
    except (InputError, FileNotFoundError):
        return None
    return made_of if isinstance(made_of, str) else None


def _convert(weights: Path, out: Path, md5: str | None) -> None:
    checkpoint, network = read_deepsea(weights)
    training = {**checkpoint.training, _MADE_OF: md5}
    save_checkpoint(out, replace(checkpoint, training=training), network)
