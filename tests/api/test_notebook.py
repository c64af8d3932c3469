"""`examples/python.ipynb` runs from its first cell to its last, on what `regtrack demo` makes."""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

from regtrack.demo.real_demo import lay_out

NOTEBOOK = Path(__file__).parents[2] / "examples" / "python.ipynb"


def code_cells() -> list[str]:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    """A folder with `demo/` in it, as the demo lays it out before it predicts."""
    folder = tmp_path / "demo"
    folder.mkdir()
    lay_out(folder)
    return tmp_path


def test_the_notebook_runs(
    demo: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(demo)
    names: dict[str, object] = {}
    with mpl.rc_context({"backend": "agg"}):
        for number, source in enumerate(code_cells()):
            exec(compile(source, f"{NOTEBOOK.name}, code cell {number}", "exec"), names)
    plt.close("all")
    out, err = capfd.readouterr()
    assert err == ""
    # The two reports and the error; the library itself prints nothing.
    assert out.count("average_precision") == 2
    assert out.splitlines()[-1] == "max_error: expected 0.0001 to 0.5, got 3"


def test_the_notebook_is_kept_without_outputs() -> None:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    assert all(not cell.get("outputs") for cell in cells)
    assert all(cell.get("execution_count") is None for cell in cells)
