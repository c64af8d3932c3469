"""Classes of networks from a user's own file, or from an installed package that offers them.

A package offers them as entry points of the group `regtrack.networks`; to install it is to
name it. See docs/own-network.md.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import torch
from torch import nn

from regtrack.errors import InputError, RegtrackError
from regtrack.listing import first_names

ENTRY_POINTS = "regtrack.networks"

_LONGEST_MESSAGE = 200


@dataclass(frozen=True)
class OwnClass:
    """A class of a network, and the file that it stands in.

    Parameters
    ----------
    name
        As the user calls it: the class's name, or that of its entry point.
    sha256
        Of the file as it was when its code ran, and of the modules beside it that it imported.
    """

    name: str
    network: type[nn.Module]
    path: Path
    sha256: str


def class_in_file(path: Path, name: str) -> OwnClass:
    """A class of a file, whose code is run.

    Raises
    ------
    InputError
        When it is not Python, raises an error, or has no such class of torch.nn.Module.
    OSError
        When it cannot be read.
    """
    classes = classes_in_file(path)
    if name in classes:
        return classes[name]
    source = path.read_bytes()
    names = vars(_executed(path, source).module)
    if name in names:
        raise InputError(path, f"{name} is no class derived from torch.nn.Module")
    known = first_names(classes) if classes else "none derived from torch.nn.Module"
    problem = f"has no class {name}" if name else "which class? Expected FILE.py:CLASS"
    raise InputError(path, f"{problem}; its classes: {known}")


def classes_in_file(path: Path) -> Mapping[str, OwnClass]:
    """All classes of networks that are written in a file, whose code is run.

    Raises
    ------
    InputError, OSError
        As `class_in_file`.
    """
    source = path.read_bytes()
    module, sha256 = _executed(path, source)
    return {
        name: OwnClass(name, value, path, sha256)
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, nn.Module)
        and value.__module__ == module.__name__
    }


def offered_class(name: str) -> OwnClass | None:
    """The class of an entry point of this name; None where no installed package has one.

    Raises
    ------
    InputError
        When it cannot be imported, or is no class of torch.nn.Module.
    """
    entry_point: EntryPoint | None = next(iter(entry_points(group=ENTRY_POINTS, name=name)), None)
    if entry_point is None:
        return None
    where = f"entry point {name} = {entry_point.value}"
    try:
        network = entry_point.load()
    except Exception as error:
        raise InputError(where, _message_of(error)) from error
    if not (isinstance(network, type) and issubclass(network, nn.Module)):
        raise InputError(where, "is no class derived from torch.nn.Module")
    file = inspect.getsourcefile(network)
    if file is None:
        raise InputError(where, "has no source file")
    path = Path(file)
    return OwnClass(name, network, path, hashlib.sha256(path.read_bytes()).hexdigest())


def offered_names() -> list[str]:
    """Names of all entry points; nothing is imported."""
    return sorted({entry_point.name for entry_point in entry_points(group=ENTRY_POINTS)})


def raised_in(path: Path, error: BaseException, given: str = "") -> Exception:
    """What to raise for an error of a user's code: one line that names where in the file it was.

    Errors of regtrack's own, and memory that ran out, are no fault of the code's and stay as they
    are.

    Parameters
    ----------
    given
        What the code was called with, for the end of the line.
    """
    if isinstance(error, RegtrackError | MemoryError | torch.OutOfMemoryError) or (
        "can't allocate memory" in str(error) and isinstance(error, RuntimeError)
    ):
        return error
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == str(path)
    ]
    message = f"{_message_of(error)}; {given}" if given else _message_of(error)
    return InputError(path, message, lines[-1] if lines else None)


class _Executed(NamedTuple):
    """The module of a file, and the SHA-256 of all that was read from the file's folder."""

    module: ModuleType
    sha256: str


@functools.cache
def _executed(path: Path, source: bytes) -> _Executed:
    """The module of a file, run once in this process as long as it stays as it is."""
    # Not under the file's own name, which may be that of a library.
    unique = hashlib.sha256(f"{path}\0".encode() + source).hexdigest()[:16]
    module = ModuleType(f"_regtrack_own_{unique}")
    module.__file__ = str(path)
    try:
        code = compile(source, str(path), "exec")
    except SyntaxError as error:
        raise InputError(path, f"is not Python ({error.msg})", error.lineno) from error
    except ValueError as error:  # a NUL inside
        raise InputError(path, f"is not Python ({error})") from error
    sys.modules[module.__name__] = module  # where dataclasses and typing look for it
    try:
        with _importing_beside(path) as beside:
            exec(code, module.__dict__)
    except (Exception, SystemExit) as error:
        del sys.modules[module.__name__]
        raise raised_in(path, error) from error
    return _Executed(module, _digest(source, beside))


@contextmanager
def _importing_beside(path: Path) -> Iterator[dict[str, ModuleType]]:
    """Let what lies beside a file be imported, as Python does of a script that it runs.

    The modules are forgotten afterwards, so that another file's of the same name are not taken
    for them; the code that imported them has them still.

    Yields
    ------
    dict
        Filled at the end: what was imported, by its name.
    """
    folder = path.resolve().parent
    known, beside = frozenset(sys.modules), dict[str, ModuleType]()
    sys.path.insert(0, str(folder))
    try:
        yield beside
    finally:
        if str(folder) in sys.path:  # the code may have edited it
            sys.path.remove(str(folder))
        # A new part of a package that was there, regtrack say, stays where it belongs.
        tops = {name.partition(".")[0] for name in list(sys.modules)} - known
        packages = {top for top in tops if _lies_in(folder, top)}
        for name in [loaded for loaded in sys.modules if loaded.partition(".")[0] in packages]:
            beside[name] = sys.modules.pop(name)


def _lies_in(folder: Path, name: str) -> bool:
    """Whether a module or package lies right in a folder; not in an environment further down."""
    module = sys.modules.get(name)
    places = list(getattr(module, "__path__", ())) or [getattr(module, "__file__", None)]
    return any(place is not None and Path(place).parent.resolve() == folder for place in places)


def _digest(source: bytes, beside: Mapping[str, ModuleType]) -> str:
    """SHA-256 of a file, and of the modules that it imported from its folder, if any."""
    total = hashlib.sha256(source)
    for name, module in sorted(beside.items()):
        file = getattr(module, "__file__", None)
        if file is not None:  # a folder alone may be a package
            code = hashlib.sha256(Path(file).read_bytes()).hexdigest()
            total.update(f"\0{name}\0{code}".encode())
    return total.hexdigest()


def _message_of(error: BaseException) -> str:
    """`NameError: name 'torhc' is not defined`."""
    message = str(error).partition("\n")[0][:_LONGEST_MESSAGE]
    return f"{type(error).__name__}: {message}" if message else type(error).__name__
