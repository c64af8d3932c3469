"""What the tests of `import regtrack` share."""

from __future__ import annotations

import pytest
from builders import TinyWorld, make_tiny_world

import regtrack as rt


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> TinyWorld:
    """A genome of three short chromosomes, three markers, a model. Not to be changed."""
    return make_tiny_world(tmp_path_factory.mktemp("api") / "world")


@pytest.fixture(scope="session")
def model(world: TinyWorld) -> rt.Model:
    return rt.load_model(world.model)


@pytest.fixture(scope="session")
def tracks(world: TinyWorld, model: rt.Model) -> rt.Tracks:
    """Tracks of all of chr1 and chr2. Not to be changed."""
    return rt.predict_tracks(
        model, world.genome, ["chr1", "chr2"], world.folder / "tracks", workers=1, device="cpu"
    )
