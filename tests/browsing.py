"""A tracks folder with all that can be shown beside it, and the command that serves it."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import numpy as np
from browsers_builders import MARKERS, SIZES, write_report_table, write_tracks_folder
from builders import a_marker, random_sequence, write_fasta, write_markers
from starlette.types import ASGIApp
from waiting import PATIENCE

# A browser for the tests that look at pages; None where there is none.
CHROMIUM = next(
    filter(
        None,
        # The first is Chromium without its window: a quarter less to compute.
        map(
            shutil.which,
            ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"),
        ),
    ),
    None,
)
MANY = (*MARKERS, *(a_marker(index, f"K562|TF{index}|None") for index in range(4, 40)))


@dataclass(frozen=True)
class Sights:
    """What there is to be looked at."""

    tracks: Path
    peaks: Path
    report: Path
    genome: Path
    genes: Path

    @property
    def options(self) -> list[object]:
        """Of `regtrack browse`: everything."""
        shown = ["--peaks", self.peaks, "--report", self.report]
        return [self.tracks, *shown, "--genome", self.genome, "--genes", self.genes]


def make_sights(folder: Path) -> Sights:
    """40 markers on chr1; measured peaks of the first two."""
    (folder / "a.bed").write_text("chr1\t400\t500\nchr1\t4000\t4100\nchr2\t10\t20\n")
    (folder / "genes.bed").write_text("chr1\t1000\t3000\tCRKL\t0\t+\nchr1\t6000\t7000\tCRK\t0\t-\n")
    random = np.random.default_rng(1)
    sequences = {chrom: random_sequence(random, size) for chrom, size in SIZES.items()}
    measured = [replace(marker, file="a.bed") for marker in MARKERS[:2]]
    return Sights(
        write_tracks_folder(folder / "tracks", MANY),
        write_markers(folder / "markers.tsv", measured),
        write_report_table(folder / "report", {one.name: 0.01 * one.index for one in MANY}),
        write_fasta(folder / "genome.fa", sequences),
        folder / "genes.bed",
    )


def free_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@contextmanager
def browsing(arguments: Sequence[object], port: int) -> Iterator[str]:
    """Run `regtrack browse` and give its address; it must end well when it is interrupted."""
    command = [sys.executable, "-m", "regtrack", "browse", *map(str, arguments)]
    running = subprocess.Popen(
        [*command, "--no-open", "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert running.stdout
    try:
        line = running.stdout.readline()
        address = re.search(r"http://127\.0\.0\.1:\S+", line)
        assert address, running.communicate(timeout=PATIENCE)
        yield address[0]
    finally:
        running.send_signal(signal.SIGINT)
        _, problems = running.communicate(timeout=PATIENCE)
    assert (running.returncode, problems) == (0, "")


class _Ranges(SimpleHTTPRequestHandler):
    """As most web servers do: files, or the bytes of them that are asked for."""

    def do_GET(self) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers["Range"] or "")
        path = Path(self.translate_path(self.path))
        if asked is None or not path.is_file():
            super().do_GET()
            return
        content = path.read_bytes()
        first, last = int(asked[1]), min(int(asked[2] or len(content)), len(content) - 1)
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
        self.send_header("Content-Length", str(last + 1 - first))
        self.end_headers()
        self.wfile.write(content[first : last + 1])

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def web_server(folder: Path) -> Iterator[str]:
    """A web server that knows nothing of regtrack, and its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Ranges, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def ask(app: ASGIApp, path: str, query: str = "", **headers: str) -> tuple[int, bytes]:
    """Status and body of a GET, without a server in between; a failure of the app is raised."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": unquote_to_bytes(path).decode("utf-8", "replace"),
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [
            (name.lower().replace("_", "-").encode(), value.encode("latin-1"))
            for name, value in {"host": "127.0.0.1", **headers}.items()
        ],
        "client": ("127.0.0.1", 9),
        "server": ("127.0.0.1", 8919),
    }
    asyncio.run(app(scope, receive, send))
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], body
