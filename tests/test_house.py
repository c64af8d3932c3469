"""The rules of the house (docs/architecture.md): who may import whom, and what waits for what."""

from __future__ import annotations

import ast
import json
import runpy
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import regtrack

HOUSE = Path(regtrack.__file__).parent
MODULES = sorted(path.relative_to(HOUSE).as_posix() for path in HOUSE.rglob("*.py"))

# What each room may import, besides itself and the modules that stand at the door.
ROOMS = {
    "genome": set(),
    "fetching": {"genome"},
    "models": {"genome"},
    "tracks": {"genome"},
    "datasets": {"tracks", "genome"},
    "scoring": {"datasets", "tracks", "genome"},
    "report": {"scoring", "tracks", "genome"},
    "prediction": {"report", "scoring", "datasets", "models", "tracks", "genome"},
    "training": {"prediction", "report", "scoring", "datasets", "models", "tracks", "genome"},
    "search": {"training", "report", "scoring", "datasets", "models", "tracks", "genome"},
    "crossval": {"training", "report", "scoring", "datasets", "models", "tracks", "genome"},
    "browsers": {"report", "scoring", "tracks", "genome"},
    "workspace": {"models", "fetching", "genome"},
    "explain": {"prediction", "report", "scoring", "models", "tracks", "genome"},
    "demo": {
        "training",
        "prediction",
        "report",
        "scoring",
        "datasets",
        "models",
        "tracks",
        "genome",
    },
    "api": {"workspace", "prediction", "report", "scoring", "models", "tracks", "genome"},
    "cli": {
        "api",
        "demo",
        "browsers",
        "workspace",
        "explain",
        "fetching",
        "search",
        "crossval",
        "training",
        "prediction",
        "report",
        "scoring",
        "datasets",
        "models",
        "tracks",
        "genome",
    },
}
AT_THE_DOOR = {
    "atomic",
    "compiled",
    "differences",
    "documents",
    "errors",
    "folders",
    "leases",
    "listing",
    "notes",
    "observer",
    "paths",
    "plan_folders",
    "run_summary",
    "shares",
    "signals",
    "text_columns",
    "unfinished",
    "workers",
    "work_folders",
}
# What `import regtrack` offers, each name when it is used.
OFFERED_FROM = {"api", "genome"}
AT_THE_TOP = {"__init__.py", "__main__.py"} | {f"{module}.py" for module in AT_THE_DOOR}

# Where each third-party library may be imported: rooms, or single modules.
LIBRARIES = {
    "click": {"cli"},
    "h5py": {"datasets/deepsea.py"},
    "isal": {"genome/content.py", "genome/textfile.py", "tracks/deflate.py"},
    "matplotlib": {"report", "explain"},
    "msgspec": {"documents.py"},
    "numba": {"compiled.py"},
    "optuna": {"search/study.py"},
    "pandas": {"api/frames.py", "api/prediction.py", "api/evaluate.py"},
    "tqdm": {"api/progress.py", "cli"},
    "platformdirs": {"genome/cache.py"},
    "pyBigWig": {"tracks/bigbed.py", "scoring/reference.py"},
    "pybigtools": {"tracks/bigbed.py"},
    "pysam": {"genome/bgzip.py", "tracks/peaks/files.py"},
    "requests": {"fetching/web.py"},
    "safetensors": {"models"},
    "scipy": {"datasets/deepsea.py", "scoring/resampling.py"},
    "sklearn": {"scoring/reference.py"},
    "sqlalchemy": {"search/study.py"},
    "starlette": {"browsers/browse.py", "browsers/server.py"},
    "threadpoolctl": {"workers.py"},
    "torch": {"models", "training", "search", "crossval", "prediction", "explain", "demo"},
    "triton": {"prediction/device_counting.py", "prediction/device_segmentation.py"},
    "uvicorn": {"browsers/server.py"},
}


def room_of(module: str) -> str:
    return module.partition("/")[0]


def dotted(module: str) -> str:
    """`tracks/folder.py` as `regtrack.tracks.folder`."""
    return f"regtrack/{module}".removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imports_of(module: str) -> Iterator[str]:
    """Dotted names of what a module imports, also inside its functions."""
    for node in ast.walk(ast.parse((HOUSE / module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            # `from regtrack import tracks` imports the room as much as `import regtrack.tracks`.
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own_imports(module: str) -> set[str]:
    """Rooms and top-level modules of regtrack that a module imports."""
    parts = (name.split(".") for name in imports_of(module))
    return {name[1] for name in parts if name[0] == "regtrack" and name[1] != "__version__"}


def run_python(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_module_stands_in_a_known_room() -> None:
    at_the_top = {module for module in MODULES if "/" not in module}
    assert at_the_top == AT_THE_TOP
    assert {room_of(module) for module in MODULES} - at_the_top == set(ROOMS)


def test_no_modules_import_each_other_in_a_circle() -> None:
    modules = {dotted(module) for module in MODULES} - {"regtrack"}
    graph = {}
    for module in MODULES:
        names = set(imports_of(module))
        # `from regtrack.errors import InputError` leads to the module regtrack.errors.
        graph[dotted(module)] = (names | {name.rpartition(".")[0] for name in names}) & modules
    TopologicalSorter(graph).prepare()  # raises CycleError, which shows the circle


def test_a_module_imports_only_rooms_below_its_own() -> None:
    strays = {
        module: found
        for module in MODULES
        if "/" in module
        and (
            found := own_imports(module) - ROOMS[room_of(module)] - {room_of(module)} - AT_THE_DOOR
        )
    }
    assert strays == {}


def test_what_stands_at_the_door_needs_no_room() -> None:
    for module in AT_THE_TOP - {"__main__.py"}:
        offered = OFFERED_FROM if module == "__init__.py" else set()
        assert own_imports(module) <= AT_THE_DOOR | offered, module


def test_a_library_stays_in_its_room() -> None:
    imported = {module: {name.split(".")[0] for name in imports_of(module)} for module in MODULES}
    for library, places in LIBRARIES.items():
        users = {module for module, names in imported.items() if library in names}
        assert users, f"nobody uses {library}: take it out of this list and of the dependencies"
        strays = {module for module in users if not {module, room_of(module)} & places}
        assert strays == set(), library


@pytest.mark.parametrize(
    "room", ["genome", "fetching", "tracks", "datasets", "scoring", "report", "browsers", "api"]
)
def test_a_room_that_needs_no_network_works_without_torch(room: str) -> None:
    names = [dotted(module) for module in MODULES if room_of(module) == room]
    # As on a machine where torch is not installed; sys.modules["torch"] = None would do,
    # but scipy takes it for torch.
    run_python(
        "import importlib, sys\n"
        "class NoTorch:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] == 'torch':\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, NoTorch())\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["predict", "--help"],
        ["eval", "--help"],
        ["train", "--help"],
        ["compare", "--help"],
        ["crossval", "--help"],
        ["prepare", "--help"],
        ["search", "--help"],
        ["session", "--help"],
        ["explain", "--help"],
        ["browse", "--help"],
        ["init", "--help"],
        ["doctor", "--help"],
        ["hub", "--help"],
        ["markers", "--help"],
        ["fetch", "--help"],
        ["fetch", "peaks", "--help"],
    ],
)
def test_help_does_not_wait_for_heavy_libraries(arguments: list[str]) -> None:
    printed = run_python(
        "import json, sys\n"
        "from regtrack.cli.main import run\n"
        f"assert run({arguments!r}) == 0\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    help_text, loaded = printed.rstrip().rsplit("\n", 1)
    assert help_text.startswith("Usage: regtrack")
    heavy = {"torch", "pyBigWig", "numba", "pysam", "pyfaidx", "sklearn", "scipy", "h5py", "numpy"}
    heavy |= {"optuna", "sqlalchemy", "matplotlib", "starlette", "uvicorn", "pybigtools"}
    heavy |= {"requests", "urllib3", "platformdirs"}
    assert heavy & set(json.loads(loaded)) == set()


def test_predicting_waits_for_nothing_that_only_reports_need() -> None:
    loaded = run_python(
        "import json, sys\n"
        "import regtrack.prediction.job, regtrack.prediction.run, regtrack.tracks.write\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    assert {"matplotlib", "scipy.special", "sklearn", "h5py", "pandas"} & set(
        json.loads(loaded)
    ) == set()


def functions_of(module: str) -> Iterator[ast.FunctionDef]:
    tree = ast.parse((HOUSE / module).read_text(encoding="utf-8"))
    return (node for node in tree.body if isinstance(node, ast.FunctionDef))


def decorators_of(function: ast.FunctionDef) -> list[str]:
    return [ast.unparse(decorator) for decorator in function.decorator_list]


def statements_in(function: ast.FunctionDef) -> int:
    """Statements at any depth; neither imports nor a docstring."""
    nodes = (node for statement in function.body for node in ast.walk(statement))
    counted = [
        node
        for node in nodes
        if isinstance(node, ast.stmt) and not isinstance(node, ast.Import | ast.ImportFrom)
    ]
    return len(counted) - bool(ast.get_docstring(function))


def test_a_command_and_each_of_its_helpers_hold_ten_statements_at_most() -> None:
    for module in MODULES:
        functions = list(functions_of(module)) if room_of(module) == "cli" else []
        if any(".command(" in text for one in functions for text in decorators_of(one)):
            for one in functions:
                if module != "cli/main.py":  # which turns errors into exit statuses
                    assert statements_in(one) <= 10, f"{one.name} of {module}"


# Options that mean different things to different commands, and share no more than a name.
HOMONYMS = {
    "--batch-size",  # windows that are read, or trained on, together
    "--markers",  # patterns of markers, or the table of a network's outputs
    "--model",  # a checkpoint, or what is to be trained
    "--region",  # what is scored, or where a browser opens
    "--split",  # one of a dataset's, or the shares of all three
    "--train",  # regions, or the demo that trains
    "--window",  # what is read at once, or how a genome is cut
    "--workers",  # processes of a run, or trainings at the same time
    "--shard",  # of a job's blocks, or of its markers' files
}


def test_an_option_is_declared_once() -> None:
    places: dict[str, list[str]] = {}
    for module in (module for module in MODULES if room_of(module) == "cli"):
        for node in ast.walk(ast.parse((HOUSE / module).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "click.option":
                places.setdefault(ast.unparse(node.args[0]).strip("'"), []).append(module)
    assert {name for name, modules in places.items() if len(modules) > 1} == HOMONYMS


def test_a_file_says_one_thing_and_is_not_long() -> None:
    texts = {module: (HOUSE / module).read_text(encoding="utf-8") for module in MODULES}
    assert {module for module, text in texts.items() if len(text.splitlines()) > 400} == set()


def test_every_module_says_what_it_is_for() -> None:
    trees = {module: ast.parse((HOUSE / module).read_text(encoding="utf-8")) for module in MODULES}
    assert {module for module, tree in trees.items() if not ast.get_docstring(tree)} == set()


def test_every_room_is_a_package() -> None:
    assert {f"{room}/__init__.py" for room in ROOMS} <= set(MODULES)


def test_the_drawing_shows_the_rooms_as_they_are() -> None:
    docs = Path(__file__).parent.parent / "docs"
    drawing = runpy.run_path(str(docs / "house.py"))["drawing"]()
    assert (docs / "house.svg").read_text(encoding="utf-8") == drawing, "run docs/house.py"
