"""How high the axis of a signal goes: as high as the marker, as one, or as the browser has it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from browsers_builders import MARKERS, SIZES, write_tracks_folder
from encoded import Segments, write_bigwig

from regtrack.browsers.rows import SCALES, axis_end
from regtrack.browsers.viewable import Viewable
from regtrack.cli import options
from regtrack.cli.hub import hub
from regtrack.cli.session import session


def ends(folder: Path, highest: float) -> list[float | None]:
    """Of one track whose highest value is this, for each scale."""
    viewable = Viewable.read(write_tracks_folder(folder, MARKERS[:1]))
    (track,) = viewable.trackset.tracks
    values = np.array([highest / 2, highest], np.float32)
    pieces = [("chr1", Segments(np.array([0, 50]), np.array([50, 90]), values))]
    write_bigwig(folder / track.bigwig, SIZES, pieces)
    return [axis_end(viewable, track, scale) for scale in SCALES]


@pytest.mark.parametrize(
    ("highest", "end"),
    [
        (0.75, 0.75),
        (0.7501, 0.76),
        (0.3, 0.3),
        (0.2801, 0.29),
        (0.0512, 0.052),
        (0.999, 1.0),
        (1.0, 1.0),
        # A marker that is likely nowhere looks low.
        (0.012, 0.05),
        (0.0, 1.0),
    ],
)
def test_the_end_of_an_axis(tmp_path: Path, highest: float, end: float) -> None:
    assert SCALES == ("marker", "probability", "auto")
    assert ends(tmp_path / "tracks", highest) == [end, 1.0, None]


@pytest.mark.parametrize("command", [hub, session])
def test_the_option_offers_these_scales_and_the_first_by_itself(command) -> None:
    (option,) = (one for one in command.params if one.name == "scale")
    assert tuple(option.type.choices) == SCALES
    assert option.default == SCALES[0]
    assert re.search("marker: .* probability: .* auto: ", option.help)
    assert callable(options.scale)
