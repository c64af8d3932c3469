"""A release: the sdist and the wheel that `make dist` makes, and the wheel installed by itself."""

from __future__ import annotations

import email
import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
from collections.abc import Sequence
from email.message import Message
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.specifiers import SpecifierSet

from regtrack import __version__

TOP = Path(__file__).parent.parent
MARKERS_OF_THE_DEMO = 171


def _run(words: Sequence[object], folder: Path = TOP, *, code: int = 0) -> str:
    """What a program prints that knows nothing of this folder's code, and ends with this code."""
    done = subprocess.run(
        [str(word) for word in words],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an sdist, and the wheel that was built of it."""
    if "REGTRACK_DIST" in os.environ:
        return Path(os.environ["REGTRACK_DIST"])
    pytest.importorskip("build", reason="the extra `test` brings it")
    pytest.importorskip("hatchling", reason="the extra `test` brings it")
    folder = tmp_path_factory.mktemp("dist")
    _run([sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, TOP])
    return folder


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    return dist / f"regtrack-{__version__}-py3-none-any.whl"


@pytest.fixture(scope="module")
def in_wheel(wheel: Path) -> dict[str, bytes]:
    with ZipFile(wheel) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


@pytest.fixture(scope="module")
def in_sdist(dist: Path) -> dict[str, bytes]:
    top = f"regtrack-{__version__}"
    with tarfile.open(dist / f"{top}.tar.gz") as packed:
        files = [member for member in packed if member.isfile()]
        return {one.name.removeprefix(f"{top}/"): packed.extractfile(one).read() for one in files}


@pytest.fixture(scope="module")
def metadata(in_wheel: dict[str, bytes]) -> Message:
    text = in_wheel[f"regtrack-{__version__}.dist-info/METADATA"]
    return email.message_from_bytes(text)


def test_the_sdist_holds_every_file_of_the_repository(in_sdist: dict[str, bytes]) -> None:
    if not (TOP / ".git").exists():
        pytest.skip("this is no clone")
    listed = _run(["git", "ls-files", "--cached", "--others", "--exclude-standard"]).splitlines()
    assert set(in_sdist) - {"PKG-INFO"} == {name for name in listed if (TOP / name).is_file()}


def test_the_wheel_holds_the_whole_package_and_nothing_else(
    in_wheel: dict[str, bytes], in_sdist: dict[str, bytes]
) -> None:
    package = {name: one for name, one in in_sdist.items() if name.startswith("regtrack/")}
    described = f"regtrack-{__version__}.dist-info/"
    assert {
        name: one for name, one in in_wheel.items() if not name.startswith(described)
    } == package
    assert {"regtrack/py.typed", "regtrack/browsers/page/page.html"} < set(package)
    assert in_wheel[f"{described}licenses/LICENSE"] == in_sdist["LICENSE"]


def test_the_wheel_takes_less_than_five_megabytes(wheel: Path) -> None:
    assert wheel.stat().st_size < 5_000_000


def test_the_wheel_names_each_python_that_may_install_it(metadata: Message) -> None:
    named = {one.rpartition(" ")[2] for one in metadata.get_all("Classifier") if "3." in one}
    allowed = SpecifierSet(metadata["Requires-Python"])
    assert named == {f"3.{minor}" for minor in range(30) if allowed.contains(f"3.{minor}")}
    assert f"3.{sys.version_info.minor}" in named


def test_the_wheel_predicts_in_an_environment_that_holds_nothing_but_what_it_needs(
    wheel: Path, tmp_path: Path
) -> None:
    """What it needs is lent by this environment: nothing is downloaded."""
    home = tmp_path / "environment"
    venv.create(home)
    install = ["install", "--quiet", "--no-deps", "--no-index", wheel]
    _run([sys.executable, "-m", "pip", "--python", home / "bin" / "python", *install])
    packages = Path(sysconfig.get_path("purelib", "posix_prefix", {"base": str(home)}))
    (packages / "lent.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    program = home / "bin" / "regtrack"
    assert _run([program, "--version"], tmp_path) == f"regtrack, version {__version__}\n"
    assert "\n3 to look at:\n" in _run([program, "doctor"], tmp_path, code=1)
    genome = packages / "regtrack" / "demo" / "data" / "genome.fa.gz"
    options = ["--genome", genome, "--device", "cpu", "--out", "tracks"]
    _run([program, "predict", "chr22:20,700,001-20,720,000", *options], tmp_path)
    assert len(list((tmp_path / "tracks" / "bigwig").iterdir())) == MARKERS_OF_THE_DEMO
