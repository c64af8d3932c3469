"""The page of `regtrack browse` as a user has it in a web browser."""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING, Any

from waiting import PATIENCE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Request

# Chromium asks its maker for updates at every start; nothing here may leave the machine.
FLAGS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--disable-gpu",
    "--no-first-run",
    *(["--no-sandbox"] if os.name == "posix" and os.geteuid() == 0 else []),
]
WAIT = 1000 * PATIENCE  # milliseconds
TIMES = "\N{MULTIPLICATION SIGN}"


class Visit:
    """A page that a user looks at, and all that it asked for meanwhile."""

    def __init__(self, browser: Browser, address: str) -> None:
        self.page: Page = browser.new_page(viewport={"width": 1400, "height": 900})
        self.answers: list[tuple[int, str]] = []
        self.failures: list[str] = []
        self.open_requests: set[Request] = set()
        self.page.on("request", self._begun)
        self.page.on("requestfinished", self._ended)
        self.page.on("requestfailed", self._ended)
        self.page.on("response", lambda one: self.answers.append((one.status, one.url)))
        self.page.on("requestfailed", lambda one: self.failures.append(one.url))
        self.page.on("pageerror", lambda one: self.failures.append(str(one)))
        self.page.on(
            "console",
            lambda one: self.failures.append(one.text) if one.type == "error" else None,
        )
        self.open(address)

    def _begun(self, request: Request) -> None:
        self.open_requests.add(request)

    def _ended(self, request: Request) -> None:
        self.open_requests.discard(request)

    def open(self, address: str) -> None:
        """Go there as from a bookmark, and wait until it stands."""
        self.settle()
        self.page.goto("about:blank")
        self.page.goto(address)
        self.page.wait_for_selector("body[data-ready=yes]", timeout=WAIT)

    def type_locus(self, text: str) -> None:
        """What a user types into igv.js's box."""
        box = self.page.locator(".igv-search-input")
        box.fill(text)
        box.press("Enter")

    def wait_for(self, pattern: str) -> None:
        """Wait until the address is like that: it says what is shown."""
        self.page.wait_for_url(re.compile(pattern), timeout=WAIT)

    def names(self) -> list[str]:
        """Markers that the list shows."""
        return self.page.locator("#markers li:visible .name").all_text_contents()

    def tracks(self) -> list[str]:
        """Names of the rows, from top to bottom."""
        labels = self.page.locator(".igv-axis-column .label .name")
        found: list[str] = labels.evaluate_all(
            "all => all.map(one => [one.getBoundingClientRect().top, one.textContent])"
            ".sort((a, b) => a[0] - b[0]).map(pair => pair[1])"
        )
        return found

    def paste(self, hash_: str) -> None:
        """Change what the address shows, and wait until the page has followed."""
        self.page.evaluate(
            """hash => new Promise(done => {
                addEventListener("hashchange", () => setTimeout(done), {once: true});
                location.hash = hash;
            }).then(() => turn)""",
            hash_,
        )

    def settle(self) -> None:
        """Let the page and igv.js finish, which stumbles over tracks that go meanwhile."""
        if not self.page.evaluate("typeof turn === 'object'"):
            return  # no page of ours stands yet
        # Not by evaluate(), which waits for ever.
        self.page.wait_for_function("() => turn.then(() => true)", timeout=WAIT)
        self.page.wait_for_function(
            """() => {
                const views = browser.trackViews.flatMap((one) => one.viewports);
                const isDrawn = (one) => !one.loading && !one.needsRepaint();
                const isAsked = (one) => one.trackView.track.id !== "ideogram" && one.checkZoomIn();
                return views.filter(isAsked).every(isDrawn) && !progress.rows.size;
            }""",
            timeout=WAIT,
        )
        end = time.monotonic() + PATIENCE
        while self.open_requests:
            assert time.monotonic() < end, [one.url for one in self.open_requests]
            self.page.wait_for_timeout(10)

    def pixel(self, name: str, base: int, y: int) -> list[int]:
        """Red, green, blue, opacity that a row has at a base, at a height from above."""
        found: list[int] = self.page.evaluate(
            """([name, base, y]) => {
                const {canvas} = browser.findTracks("id", name)[0].trackView.viewports[0];
                const {bpStart, bpPerPixel} = canvas._data;
                const x = Math.floor((base + 0.5 - bpStart) / bpPerPixel);
                return [...canvas.getContext("2d").getImageData(x, y, 1, 1).data];
            }""",
            [name, base, y],
        )
        return found

    def hover(self, name: str, base: int, y: int) -> str:
        """What is read out at a base of a row, at a height from above."""
        end = time.monotonic() + PATIENCE
        while (said := self._read_out(name, base, y)) is None:  # rows may have moved meanwhile
            assert time.monotonic() < end, f"the pointer does not get to {name}"
        return said

    def _read_out(self, name: str, base: int, y: int) -> str | None:
        """What the page says when the pointer comes to a base; None if it does not, soon."""
        x, top = self.page.evaluate(
            """([name, base]) => {
                const [viewport] = browser.findTracks("id", name)[0].trackView.viewports;
                const box = viewport.$viewport[0].getBoundingClientRect();
                const {start, bpPerPixel} = viewport.referenceFrame;
                const x = box.left + (base + 0.5 - start) / bpPerPixel;
                // Chromium hands a pointer's moves on with the next frame, and not at once.
                window.hovered = new Promise((done) => {
                    browser.columnContainer.addEventListener("mousemove", (event) => {
                        const {hidden, innerText} = document.getElementById("readout");
                        if (Math.abs(event.clientX - x) < 1) done(hidden ? "" : innerText);
                    });
                    setTimeout(() => done(null), 2000);
                });
                return [x, box.top];
            }""",
            [name, base],
        )
        self.page.mouse.move(0, 0)
        self.page.mouse.move(x, top + y)
        said: str | None = self.page.evaluate("hovered")
        return said

    def row(self, name: str) -> Any:
        """A marker's row in the list."""
        return self.page.locator("#markers li").filter(
            has=self.page.locator(f'.name[title="{name}"]')
        )
