"""HTTP requests that are repeated until they are answered."""

from __future__ import annotations

import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from email.utils import parsedate_to_datetime
from typing import TypeVar
from urllib.parse import urlsplit

import requests

from regtrack import __version__
from regtrack.fetching.failures import TRY_AGAIN, FetchError, PassingError, StoppedError

T = TypeVar("T")

_TIMEOUTS = (15, 30)  # seconds: to be connected, and between two pieces of an answer
_PIECE = 1 << 13  # bytes; of a piece that breaks off, nothing is kept
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 60.0
_PATIENCE = 600.0  # seconds that a server may ask us to wait
_FEW_TRIES = 3
_DOWN = 3  # files in a row that a host did not give, until it is no longer tried
_SECURE = ("hgdownload.cse.ucsc.edu",)  # published as http, but they know https


class Web:
    """Requests files from servers; may be shared between threads.

    Parameters
    ----------
    mirror
        A URL; https://host/path is requested from mirror/host/path.
    tries
        How many requests in a row may bring nothing new; three at most of a host that has not
        answered yet, which then cannot be reached from here.
    wait
        Waits some seconds between two tries; by default it ends early when the run does.

    Attributes
    ----------
    notice
        Is told, in words, what is waited for; to be set.
    """

    def __init__(
        self,
        mirror: str | None = None,
        tries: int = 6,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        self._mirror = mirror
        self._tries = tries
        self._stopped = threading.Event()
        self._wait = wait or self._stopped.wait
        self._local = threading.local()
        self._open: set[requests.Response] = set()
        self._failures: Counter[str] = Counter()
        self._given_up: dict[str, FetchError] = {}
        self._silent: Counter[str] = Counter()
        self._answered: set[str] = set()
        self.notice: Callable[[str], object] = lambda _: None

    def address(self, url: str) -> str:
        """The URL that a file is requested from."""
        if self._mirror is None:
            scheme, _, rest = url.partition("://")
            secure = scheme == "http" and rest.partition("/")[0] in _SECURE
            return f"https://{rest}" if secure else url
        return f"{self._mirror.rstrip('/')}/{url.partition('://')[2]}"

    def stop(self) -> None:
        """End all requests of other threads soon."""
        self._stopped.set()
        for response in list(self._open):
            # Reading would otherwise go on until it times out. (urllib3 2.3 and later)
            with suppress(Exception):
                response.raw.shutdown()

    def check(self) -> None:
        """Raise `StoppedError` once the run has ended."""
        if self._stopped.is_set():
            raise StoppedError("stopped")

    def host(self, url: str) -> str:
        """The server of a file, without the password that a mirror's URL may have."""
        return urlsplit(self.address(url)).netloc.rpartition("@")[2]

    def is_silent(self, url: str) -> bool:
        """Whether the host of a file could not be reached when a size was last requested."""
        return self._silent[self.host(url)] > 0

    def size(self, url: str) -> int | None:
        """Bytes of a file, where the server tells.

        A host that cannot be reached is tried three times; files may still be requested from it.
        """
        host = self.host(url)
        if self._silent[host] >= _DOWN:
            return None
        try:
            with self.ask(url, "HEAD") as response:
                size = length(response)
        except FetchError as error:
            self._silent[host] = self._silent[host] + 1 if error.is_silence else 0
            return None
        self._silent[host] = 0
        return size

    def text(self, url: str) -> str:
        """A small text file.

        Raises
        ------
        FetchError
            When it cannot be had.
        """

        def read() -> str:
            with self.ask(url) as response:
                return b"".join(self.pieces(response)).decode("utf-8", "replace")

        return self.with_retries(url, read)

    def with_retries(
        self, url: str, request: Callable[[], T], have: Callable[[], int] = lambda: 0
    ) -> T:
        """Repeat a request until it is answered, waiting longer each time.

        Parameters
        ----------
        request
            Makes the request; `PassingError` has it repeated.
        have
            Number of bytes that came so far; a try that brought new ones has not failed.

        Raises
        ------
        FetchError
            When the server says no, did not answer well often enough, or did not so for
            several files before.
        """
        host = self.host(url)
        failed, most = 0, have()
        while True:
            self.check()
            if self._failures[host] >= _DOWN:
                raise _like(
                    self._given_up[host],
                    self.address(url),
                    f"not tried: {host} gave up on other files",
                )
            try:
                answer = request()
            except PassingError as error:
                self.check()
                failed = 1 if have() > most else failed + 1
                most = max(most, have())
                tries = self._tries_of(host)
                if failed >= tries or error.after > _PATIENCE:
                    # In this order: other threads read the failure once the host counts as down.
                    self._given_up[host] = last = _last(error, tries)
                    self._failures[host] += 1
                    raise last from error
                self.notice(f"waiting for {host} (try {failed + 1} of {tries})")
                pause = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** (failed - 1))
                self._wait(max(error.after, pause * random.uniform(0.5, 1)))
            except FetchError:
                self._failures[host] = 0
                raise
            else:
                self._failures[host] = 0
                return answer

    def _tries_of(self, host: str) -> int:
        """How often it is asked: less often where it never answered, as without internet."""
        return self._tries if host in self._answered else min(self._tries, _FEW_TRIES)

    @contextmanager
    def ask(
        self, url: str, method: str = "GET", headers: Mapping[str, str] | None = None
    ) -> Iterator[requests.Response]:
        """Send one request; the body of the answer is not read yet.

        Raises
        ------
        PassingError
            When the server cannot be reached, or says that it cannot answer now.
        FetchError
            When it says no.
        """
        address = self.address(url)
        try:
            response = self._session().request(
                method,
                address,
                # What is fetched is compressed as it is to be kept.
                headers={"Accept-Encoding": "identity", **(headers or {})},
                stream=True,
                timeout=_TIMEOUTS,
                allow_redirects=True,
            )
        except (requests.ConnectionError, requests.Timeout) as error:
            raise PassingError(address, _why(error), is_silence=True) from error
        except requests.RequestException as error:
            raise FetchError(address, str(error).replace("\n", " ")) from error
        self._answered.add(self.host(url))
        with response:
            self._open.add(response)
            try:
                self.check()
                _refuse(address, response)
                yield response
            finally:
                self._open.discard(response)

    def pieces(self, response: requests.Response) -> Iterator[bytes]:
        """The body as the server keeps it, also where it calls a .gz file an encoding."""
        response.raw.headers.pop("Content-Encoding", None)
        try:
            for piece in response.iter_content(_PIECE):
                self.check()
                yield piece
        except (requests.RequestException, OSError) as error:
            self.check()
            raise PassingError(response.url, "the connection broke") from error

    def _session(self) -> requests.Session:
        """The connections of this thread."""
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.headers["User-Agent"] = f"regtrack/{__version__}"
        return session


def _last(error: PassingError, tries: int) -> FetchError:
    """The error that ends the tries for a file."""
    url, problem = error.args
    if error.after > _PATIENCE:
        return _like(error, url, f"{problem}, and asks to wait {error.after:,.0f} s")
    return _like(error, url, f"{problem} (tried {tries} times)")


def _like(error: FetchError, url: str, problem: str) -> FetchError:
    """A failure of the same kind, with another message."""
    return FetchError(url, problem, error.status, is_silence=error.is_silence)


def length(response: requests.Response) -> int | None:
    """Bytes of the body, where the server tells."""
    told = response.headers.get("Content-Length", "")
    return int(told) if told.isdecimal() else None


def _refuse(address: str, response: requests.Response) -> None:
    """Raise the error of an answer that brings no file."""
    status = response.status_code
    if status in (200, 206, 416):
        return
    problem = f"the server answers {status} {response.reason or ''}".rstrip()
    if status in TRY_AGAIN or status >= 500:
        raise PassingError(address, problem, status, _asked_to_wait(response))
    raise FetchError(address, problem, status)


def _asked_to_wait(response: requests.Response) -> float:
    """Seconds, from `Retry-After`: a number or a date."""
    told = response.headers.get("Retry-After", "").strip()
    if told.isdecimal():
        return float(told)
    try:
        return max(0.0, parsedate_to_datetime(told).timestamp() - time.time())
    except (TypeError, ValueError):
        return 0.0


def _why(error: requests.RequestException) -> str:
    """A short message in place of the long one of requests."""
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if reason := re.search(r"\[Errno -?\d+\] ([^'\")]+)", str(error)):
        return f"cannot be reached ({reason[1]})"
    if isinstance(error, requests.exceptions.SSLError):
        return "the secure connection failed (certificate?)"
    if "RemoteDisconnected" in str(error):
        return "the connection broke"
    return "cannot be reached"
