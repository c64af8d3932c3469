"""regtrack: per-base regulatory tracks of whole chromosomes from sequence models.

From Python: `load_model`, `predict_tracks`, `open_tracks`, `evaluate`, `markers`, what they return,
and the errors that they raise. Each is loaded when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.2.0"

__all__ = [
    "ArgumentError",
    "InputError",
    "Marker",
    "Model",
    "Prediction",
    "RegtrackError",
    "Report",
    "Track",
    "Tracks",
    "evaluate",
    "load_model",
    "markers",
    "open_tracks",
    "predict_tracks",
]

if TYPE_CHECKING:
    from regtrack.api.evaluate import Report, evaluate
    from regtrack.api.markers import markers
    from regtrack.api.model import Model, load_model
    from regtrack.api.predict import predict_tracks
    from regtrack.api.prediction import Prediction
    from regtrack.api.tracks import Track, Tracks, open_tracks
    from regtrack.errors import ArgumentError, InputError, RegtrackError
    from regtrack.genome.markers import Marker
else:
    _HOMES = {
        "api.evaluate": ("Report", "evaluate"),
        "api.markers": ("markers",),
        "api.model": ("Model", "load_model"),
        "api.predict": ("predict_tracks",),
        "api.prediction": ("Prediction",),
        "api.tracks": ("Track", "Tracks", "open_tracks"),
        "errors": ("ArgumentError", "InputError", "RegtrackError"),
        "genome.markers": ("Marker",),
    }

    def __getattr__(name):
        for home, names in _HOMES.items():
            if name in names:
                from importlib import import_module

                return getattr(import_module(f"regtrack.{home}"), name)
        raise AttributeError(f"module 'regtrack' has no attribute {name!r}")

    def __dir__():
        return [*__all__, "__version__"]
