"""What was typed is checked before torch, which takes seconds to load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from builders import TinyWorld

_RUN = (
    "import sys; from regtrack.cli.main import run; status = run(sys.argv[1:]); "
    "print(status, 'torch' in sys.modules)"
)


def ran(*arguments: object) -> tuple[str, str]:
    """What a command line says on stderr; its exit status, and whether torch was loaded."""
    done = subprocess.run(
        [sys.executable, "-c", _RUN, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stderr, done.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("regions", "options", "status", "message"),
    [
        (["chr9"], {}, 1, "region 'chr9': no chromosome of the genome"),
        (["chr1:9-5"], {}, 1, "region 'chr1:9-5'"),
        (["chr1"], {"--markers": "nosuch*"}, 2, "--markers: no such marker: 'nosuch*'"),
        (["chr1"], {"--genome": "nowhere.fa"}, 1, "nowhere.fa"),
        (["chr1"], {"--model": "nowhere.safetensors"}, 1, "no such checkpoint"),
        (["chr1"], {"--floor": "2"}, 2, "--floor"),
    ],
)
def test_what_was_typed_wrongly_is_told_without_loading_torch(
    tiny: TinyWorld,
    tmp_path: Path,
    regions: list[str],
    options: dict[str, str],
    status: int,
    message: str,
) -> None:
    usual = {"--model": tiny.model, "--genome": tiny.genome, "--out": tmp_path / "tracks"}
    words = [word for option in {**usual, **options}.items() for word in option]
    told, ended = ran("predict", *regions, *words)
    assert ended == f"{status} False"
    assert message in told


def test_the_list_of_networks_is_shown_without_loading_torch() -> None:
    assert ran("models")[1] == "0 False"
