"""What `import regtrack` offers, and what it does not wait for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from builders import TinyWorld

import regtrack as rt


def run_python(program: str, folder: Path | None = None) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_it_loads_nothing_else_of_it_and_no_library() -> None:
    loaded = run_python(
        "import sys; before = set(sys.modules)\n"
        "import regtrack; print(*sorted(set(sys.modules) - before))"
    ).split()
    assert [name for name in loaded if name.startswith("regtrack")] == ["regtrack"]
    assert {"numpy", "torch", "pandas", "click"} & set(loaded) == set()


def test_every_name_that_is_listed_is_there_and_documented() -> None:
    assert set(dir(rt)) == {*rt.__all__, "__version__"}
    for name in rt.__all__:
        assert (getattr(rt, name).__doc__ or "").strip(), name


def test_a_name_that_it_does_not_have_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'regtrack' has no attribute 'predct'"):
        _ = rt.predct  # type: ignore[attr-defined]


def test_tracks_are_opened_read_and_scored_without_torch(
    tracks: rt.Tracks, world: TinyWorld
) -> None:
    printed = run_python(
        "import sys\n"
        "import regtrack as rt\n"
        f"tracks = rt.open_tracks({str(tracks.folder)!r})\n"
        "tracks['K562|CTCF|None'].values('chr1', 0, 5)\n"
        f"rt.evaluate(tracks, {str(world.markers)!r}, workers=1)\n"
        "print('torch' in sys.modules)"
    )
    assert printed == "False\n"


def test_markers_are_the_catalogues() -> None:
    assert len(rt.markers()) == 919
    found = rt.markers("k562*", "POLR2A")
    assert {marker.index for marker in found} == {
        marker.index
        for marker in rt.markers()
        if marker.cell.startswith("K562") or marker.target.startswith("Pol2")
    }
    with pytest.raises(rt.ArgumentError, match=r"^patterns: no such marker: 'nothing'"):
        rt.markers("nothing")
