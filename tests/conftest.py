"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from builders import TinyDatasets, TinyWorld, make_tiny_datasets, make_tiny_world
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# The same inputs everywhere and every time, and no clock: a busy machine is no failure.
# `make fuzz` is what looks for new inputs.
settings.register_profile(
    "regtrack",
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("regtrack")


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Tiny networks are computed four times faster by one thread than by several."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def one_process() -> None:
    """Tiny genomes are done before another process is there; tests of several ask for them."""
    for command in ("PREDICT", "EVAL", "THRESHOLDS", "HUB"):
        os.environ[f"REGTRACK_{command}_WORKERS"] = "1"


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """Ctrl-C is ignored, here and in the commands that tests start, where a suite was begun
    in the background: then no test could say what it does.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture(scope="session")
def tiny_untouched(tmp_path_factory: pytest.TempPathFactory) -> TinyWorld:
    """What `tiny` is a copy of, which takes a tenth of the time."""
    return make_tiny_world(tmp_path_factory.mktemp("tiny") / "world")


@pytest.fixture
def tiny(tiny_untouched: TinyWorld, tmp_path: Path) -> TinyWorld:
    """A genome of three short chromosomes, three markers with peaks, an untrained model."""
    return tiny_untouched.copied(tmp_path / "world")


@pytest.fixture(scope="session")
def datasets(tmp_path_factory: pytest.TempPathFactory) -> TinyDatasets:
    """Tiny datasets of both tasks. Not to be changed."""
    return make_tiny_datasets(tmp_path_factory.mktemp("datasets"))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser for the tests that look at pages, which are skipped where there is none."""
    from browsing import CHROMIUM
    from visiting import FLAGS

    if CHROMIUM is None:
        pytest.skip("needs a browser: chromium-headless-shell, chromium or google-chrome")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Real hg19 sequence and ENCODE peaks; tests that need them are skipped without."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    path = Path(os.environ.get("REGTRACK_REAL_DATA", beside))
    if not (path / "hg19" / "genome.fa.gz").is_file():
        pytest.skip(f"no real data in {path} (set REGTRACK_REAL_DATA)")
    return path / "hg19"
