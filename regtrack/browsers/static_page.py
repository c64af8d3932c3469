"""Texts of the page where no server of regtrack's answers it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import metadata
from typing import Any

from regtrack.browsers.site import Site, part

_IGV = "igv-notebook"  # the package that carries igv.js
_TOP = '<meta charset="utf-8">\n'


def page_text(policy: str) -> str:
    """HTML of the page, with a content security policy: no server of ours sends one."""
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
    return part("page.html").replace(_TOP, f"{_TOP}{meta}", 1)


def igv_licence() -> str:
    """The licence of igv.js, which goes where copies of igv.js go."""
    package = metadata.distribution(_IGV)
    texts = (package.read_text(name) for name in ("LICENSE.md", "licenses/LICENSE.md"))
    return next(filter(None, texts), "igv.js: MIT License, https://github.com/igvteam/igv.js\n")


def static_texts(site: Site, changes: Mapping[str, Any]) -> dict[str, str]:
    """Content of every other text of a page, by its address relative to the page.

    Parameters
    ----------
    changes
        What is not as `site.record` has it.
    """
    texts = {address[1:]: text for address, (text, _) in site.texts.items() if address != "/"}
    record = {**site.record, "heatmap": False, "reports": [], **changes}
    return texts | {"answers.js": part("files.js"), "site.json": json.dumps(record)}
