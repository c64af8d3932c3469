"""A loopback server that plays the servers of the sources, well or badly."""

from __future__ import annotations

import gzip
import hashlib
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from regtrack.fetching.sources import EXCLUDE, gene_source, genome_sources
from regtrack.genome.catalogue import catalogue

HOST = "/hgdownload.soe.ucsc.edu"
DATE = "Wed, 21 Oct 2015 07:28:00 GMT"


@dataclass(frozen=True)
class Act:
    """What the server does with one GET in place of answering well."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    cut: int | None = None  # bytes after which the connection ends
    length: int | None = None  # a wrong Content-Length
    ranges: bool = True
    forever: bool = False
    pause: float = 0.0  # seconds before each kB
    stall: float = 0.0  # seconds before the connection ends


@dataclass
class Request:
    """A GET that was received, and the bytes that were sent."""

    path: str
    range: str | None
    sent: int = 0


class Sources:
    """The files, what goes wrong with them, and what was asked for."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.acts: dict[str, list[Act]] = {}
        self.asked: list[Request] = []
        self.heads: Counter[str] = Counter()
        self.etags = True
        self.url = ""

    def act(self, path: str) -> Act:
        """The next of a file's acts; one that is for ever stays."""
        acts = self.acts.get(path, [])
        if not acts:
            return Act()
        return acts[0] if acts[0].forever else acts.pop(0)

    def of(self, path: str) -> list[Request]:
        """How often a file was asked for, and what for."""
        return [one for one in self.asked if one.path == path]

    def counts(self) -> Counter[str]:
        """How often each file was asked for."""
        return Counter(one.path for one in self.asked)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    sources: Sources

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        self.sources.heads[self.path] += 1
        body = self.sources.files.get(self.path)
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()

    def do_GET(self) -> None:
        act = self.sources.act(self.path)
        asked = Request(self.path, self.headers.get("Range"))
        self.sources.asked.append(asked)
        whole = self.sources.files.get(self.path) if act.body is None else act.body
        if act.status or whole is None:
            self._answer(act.status or 404, act.headers, b"no")
            return
        etag = f'"{hashlib.md5(whole).hexdigest()}"'
        headers = dict(act.headers)
        if self.sources.etags:
            headers |= {"ETag": etag, "Last-Modified": DATE}
        status, body = 200, whole
        same = self.headers.get("If-Range") in (etag, DATE)
        if asked.range and act.ranges and same:
            start = int(asked.range.removeprefix("bytes=").partition("-")[0])
            if start >= len(whole):
                self._answer(416, {"Content-Range": f"bytes */{len(whole)}"}, b"")
                return
            status, body = 206, whole[start:]
            headers["Content-Range"] = f"bytes {start}-{len(whole) - 1}/{len(whole)}"
        self._answer(status, headers, body, act, asked)

    def _answer(
        self,
        status: int,
        headers: dict[str, str],
        body: bytes,
        act: Act | None = None,
        asked: Request | None = None,
    ) -> None:
        act = act or Act()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        length = len(body) if act.length is None else act.length
        if length >= 0:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        end = len(body) if act.cut is None else act.cut
        for start in range(0, end, 1024):
            if act.pause:
                time.sleep(act.pause)
            piece = body[start : min(start + 1024, end)]
            try:
                self.wfile.write(piece)
                self.wfile.flush()
            except OSError:
                self.close_connection = True
                return
            if asked:
                asked.sent += len(piece)
        time.sleep(act.stall)
        if act.cut is not None or act.length is not None:
            self.close_connection = True


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that goes away is what is tested."""


@contextmanager
def serving(sources: Sources) -> Iterator[Sources]:
    handler = type("Handler", (_Handler,), {"sources": sources})
    server = _Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    sources.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield sources
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def path_of(url: str) -> str:
    """Where the server has what is published at a URL."""
    return f"/{url.partition('://')[2]}"


def packed(text: str) -> bytes:
    return gzip.compress(text.encode(), mtime=0)


def md5sums(files: dict[str, bytes]) -> bytes:
    lines = [f"{hashlib.md5(body).hexdigest()}  {name}\n" for name, body in files.items()]
    return "".join(lines).encode()


def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of hg19 in a cache of our own; no proxy stands between us and the server."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "REGTRACK_FETCH_MIRROR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("REGTRACK_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "cache" / "hg19"


SIZES = {"chr1": 60_000, "chr2": 1_000, "chrM": 77}


def fasta() -> str:
    """Three chromosomes that do not compress to nothing."""
    lines = []
    for number, (name, size) in enumerate(SIZES.items()):
        state, bases = number + 1, []
        for _ in range(size):
            state = state * 6364136223846793005 + 1442695040888963407 & (1 << 64) - 1
            bases.append("ACGT"[state >> 62])
        text = "".join(bases)
        lines += [f">{name}", *(text[i : i + 50] for i in range(0, size, 50))]
    return "\n".join(lines) + "\n"


def gene_line(name: str) -> str:
    """A line of UCSC's refGene: a gene on chr1:101-200."""
    return f"585\tNM_1\tchr1\t+\t100\t200\t110\t150\t1\t100,\t200,\t0\t{name}\tcmpl\tcmpl\t0,\n"


def miniature(markers: Sequence[int] | None = None) -> Sources:
    """The genome, genes, regions to exclude, and the peaks of some markers (default: all)."""
    sources = Sources()
    lengths = "".join(f"{name}\t{n}\n" for name, n in SIZES.items()).encode()
    bodies: dict[str, bytes] = {}
    for assembly in "hg19", "hg38":
        genome = (packed(fasta()), lengths)
        bodies |= zip((one.url for one in genome_sources(assembly)), genome, strict=True)
    bodies |= {one.url: packed("chr1\t10\t20\n") for some in EXCLUDE.values() for one in some}
    for assembly, table, name in (
        ("hg19", "refGene", "COMT"),
        ("hg19", "ncbiRefSeq", "LOC1"),
        ("hg38", "refGene", "ARVCF"),
    ):
        bodies[gene_source(assembly, table).url] = packed(gene_line(name))
    for marker in catalogue():
        if markers is None or marker.index in markers:
            peaks = f"chr1\t{marker.index}\t{marker.index + 100}\t.\t0\t.\t1\t-1\t-1\t50\n"
            bodies[marker.extra["url"]] = packed(peaks)
    folders: dict[str, dict[str, bytes]] = {}
    for url, body in bodies.items():
        sources.files[path_of(url)] = body
        folder, _, name = url.rpartition("/")
        if "ucsc.edu" in url:
            folders.setdefault(folder, {})[name] = body
    for folder, files in folders.items():
        sources.files[path_of(f"{folder}/md5sum.txt")] = md5sums(files)
    return sources
