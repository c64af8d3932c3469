"""The server of `regtrack browse`: it serves this machine only, and known addresses only."""

from __future__ import annotations

import re
import socket
from collections.abc import AsyncIterator, Callable, Container, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import numpy.typing as npt
import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from regtrack.browsers.heatmap import MOST_COLUMNS, Heatmap
from regtrack.browsers.lookup import Lookup, Record
from regtrack.browsers.site import POLICY, Site
from regtrack.errors import ArgumentError, InputError, printable
from regtrack.genome.intervals import Interval

HOST = "127.0.0.1"
USUAL_PORT = 8919
_NAMES = [HOST, "localhost"]
_TRIED = 20
_INDEX = re.compile(r"[0-9]{1,15}")

_HEADERS = {
    "Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # Tracks may be predicted anew under the same names.
    "Cache-Control": "no-store",
}


# A report is a page of its own, with a script in it, and need not be of this machine: it may
# compute, and neither ask for anything nor be taken for the page of the tracks.
_REPORT_POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data:; font-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


def make_app(site: Site, lookup: Lookup, advice: Callable[[str], str]) -> ASGIApp:
    """The server's answers: GET and HEAD of what `site` and `lookup` have, the heatmap, and 404.

    A `Host` that is not this machine is refused, so that no page from elsewhere can read the
    tracks by a name that it lets point here (DNS rebinding).

    Parameters
    ----------
    advice
        What may help with a text that is found nowhere, to be put behind such a message.

    Raises
    ------
    InputError
        As `Site.files`.
    """
    sizes = site.runs.chrom_sizes
    first = site.runs.runs[0].place
    questions: dict[str, Callable[[Request], list[Record] | str]] = {
        "/search": lambda request: lookup.find_gene(_typed(request)),
        "/advice": lambda request: advice(_typed(request)),
        "/genes": lambda request: _within(request, sizes, lookup.genes),
        "/predicted": lambda request: _within(request, sizes, partial(lookup.predicted, first)),
        "/predicted/{number}": lambda request: _within(
            request, sizes, partial(lookup.predicted, _numbered(lookup.run_places, request))
        ),
        "/trained": lambda request: _within(request, sizes, partial(lookup.trained, first)),
        "/trained/{number}": lambda request: _within(
            request, sizes, partial(lookup.trained, _numbered(lookup.run_places, request))
        ),
        "/repeats": lambda request: _within(request, sizes, partial(lookup.repeats, first)),
        "/repeats/{number}": lambda request: _within(
            request, sizes, partial(lookup.repeats, _numbered(lookup.run_places, request))
        ),
        "/measured/{number}": lambda request: _within(
            request, sizes, partial(lookup.measured, _numbered(lookup.with_measured, request))
        ),
        "/strongest/{number}": lambda request: lookup.strongest(_numbered(lookup.markers, request)),
    }
    heatmap = Heatmap(site.runs, lookup.measured_peaks.read_once)

    def measured_bits(request: Request) -> bytes:
        first = _number(request, "first", 0, len(lookup.markers))
        return _in_columns(request, sizes, partial(heatmap.measured_bits, first=first))

    drawn: dict[str, Callable[[Request], bytes]] = {
        "/heatmap/cells": lambda request: _in_columns(request, sizes, heatmap.levels),
        "/heatmap/measured": measured_bits,
    }

    @asynccontextmanager
    async def serving(_: Starlette) -> AsyncIterator[None]:
        yield
        lookup.measured_peaks.tell()

    app = Starlette(
        routes=[
            *(Route(address, _answering(question)) for address, question in questions.items()),
            *(Route(address, _giving_bytes(made)) for address, made in drawn.items()),
            *(Route(address, _giving_report(page)) for address, page in site.reports.items()),
            Route("/{address:path}", _giving(site.files, site.texts)),
        ],
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=_NAMES, www_redirect=False),
        ],
        exception_handlers={InputError: _unusable, OSError: _unusable},
        lifespan=serving,
    )
    return _with_headers(app)


def _typed(request: Request) -> str:
    """What was typed in igv.js's box; it sends `+` as it is, which elsewhere stands for a blank."""
    words = request.url.query.split("&")
    return next((unquote(word[2:]) for word in words if word.startswith("q=")), "")


def _with_headers(app: ASGIApp) -> ASGIApp:
    """Add the headers that every answer has, errors included, unless it has its own."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await app(scope, receive, send_with)

    return wrapped


def _giving(
    files: Mapping[str, Path], texts: Mapping[str, tuple[str, str]]
) -> Callable[[Request], Response]:
    """Serves files and texts; addresses are looked up, never joined to a folder's path."""

    def give(request: Request) -> Response:
        address = f"/{request.path_params['address']}"
        if address in texts:
            content, media_type = texts[address]
            return Response(content, media_type=media_type)
        if address not in files:
            raise HTTPException(404, "no such address")
        media_type = "text/javascript" if address.endswith(".js") else "application/octet-stream"
        return _file(files[address], media_type)

    return give


def _giving_report(page: Path | None) -> Callable[[Request], Response]:
    """Serves the page of the report, which cannot reach any script of ours."""

    def give(_: Request) -> Response:
        if page is None:
            raise HTTPException(404, "no such address")
        response = _file(page, "text/html")
        response.headers["Content-Security-Policy"] = _REPORT_POLICY
        return response

    return give


def _file(path: Path, media_type: str) -> Response:
    """A file, where it lay when the server was started: its path had no links then."""
    if not path.is_file() or path.resolve() != path:
        raise HTTPException(404, "the file is gone")
    return FileResponse(path, media_type=media_type)


def _answering(question: Callable[[Request], list[Record] | str]) -> Callable[[Request], Response]:
    """Answers a question with JSON."""
    return lambda request: JSONResponse(question(request))


def _giving_bytes(made: Callable[[Request], bytes]) -> Callable[[Request], Response]:
    """Answers with an array."""
    return lambda request: Response(made(request), media_type="application/octet-stream")


def _unusable(_: Request, error: Exception) -> Response:
    """A file that cannot be used; the page shows the line."""
    if isinstance(error, OSError) and error.filename is not None:
        return PlainTextResponse(printable(f"{error.filename}: {error.strerror}"), 500)
    return PlainTextResponse(printable(str(error)), 500)


def _numbered(known: Container[int], request: Request) -> int:
    """The number of the marker, or the place of the run, in the address of a request."""
    text: str = request.path_params["number"]
    # The indices of a table of markers have few digits.
    index = int(text) if _INDEX.fullmatch(text) else None
    if index not in known:
        raise HTTPException(404, "no such marker or run, or nothing is known of it")
    return int(text)


def _within(
    request: Request, chrom_sizes: Mapping[str, int], features: Callable[[Interval], list[Record]]
) -> list[Record]:
    """The features of the region that a request names."""
    region = _region(request, chrom_sizes)
    return [] if region is None else features(region)


def _in_columns(
    request: Request,
    chrom_sizes: Mapping[str, int],
    rows: Callable[[Interval, int], npt.NDArray[np.unsignedinteger[Any]]],
) -> bytes:
    """Row after row of the region that a request names, little-endian; nothing outside of it."""
    region = _region(request, chrom_sizes)
    columns = _number(request, "columns", 1, MOST_COLUMNS)
    if region is None:
        return b""
    values = rows(region, columns)
    return values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes()


def _region(request: Request, chrom_sizes: Mapping[str, int]) -> Interval | None:
    """The region that a request names, 0-based, half-open; None where it has no base.

    igv.js goes past the ends of chromosomes when it is told to: there, nothing is.
    """
    chrom, first, last = (request.query_params.get(key, "") for key in ("chrom", "start", "end"))
    if chrom not in chrom_sizes:
        raise HTTPException(400, f"expected chrom, start and end; there is no chrom {chrom!r}")
    try:
        start, end = max(int(first), 0), min(int(last), chrom_sizes[chrom])
    except ValueError as error:
        raise HTTPException(400, f"expected chrom, start and end; {error}") from error
    return Interval(chrom, start, end) if start < end else None


def _number(request: Request, key: str, least: int, most: int) -> int:
    """A number among the parameters of a request; `least` where it is missing."""
    text = request.query_params.get(key, str(least))
    number = int(text) if _INDEX.fullmatch(text) else -1
    if not least <= number <= most:
        raise HTTPException(400, f"expected {key} from {least} to {most:,}, got {text!r}")
    return number


def listening(port: int | None) -> socket.socket:
    """A socket that listens on this machine only.

    Parameters
    ----------
    port
        None for the usual one or, where another program has it, one of those that follow.

    Raises
    ------
    ArgumentError
        When the port is in use, or may not be used.
    """
    for candidate in range(USUAL_PORT, USUAL_PORT + _TRIED) if port is None else (port,):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, candidate))
            listener.listen()
        except OSError as error:
            listener.close()
            reason = error.strerror
        else:
            return listener
    raise ArgumentError("port", f"{candidate} cannot be used ({reason}); choose another one")


def address_of(listener: socket.socket) -> str:
    """Where the page is, as a browser takes it."""
    return f"http://{HOST}:{listener.getsockname()[1]}/"


def tunnel_to(listener: socket.socket) -> str:
    """The command that shows the page to a user on another machine."""
    port = listener.getsockname()[1]
    return f"ssh -L {port}:{HOST}:{port} {socket.gethostname()}"


def serve(app: ASGIApp, listener: socket.socket) -> None:
    """Answer requests until the program is interrupted (Ctrl-C, SIGTERM)."""
    settings = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        lifespan="on",
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    uvicorn.Server(settings).run(sockets=[listener])
