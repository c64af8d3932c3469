"""Which files MkDocs makes the site of: pages in the folders where the repository has them.

So each link leads there to the page or file that it leads to on GitHub, and a table is read as
GitHub reads it. `mkdocs.yml` names this module; `make docs` builds the site.
"""

from __future__ import annotations

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

TOP = Path(__file__).resolve().parents[2]
PAGES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/*.md", "examples/README.md")
ASSETS = ("docs/site/*.css", "docs/site/*.js")


def site_files() -> set[Path]:
    """Pages, their looks, and each file of the repository that a page links to."""
    found = {path for pattern in (*PAGES, *ASSETS) for path in TOP.glob(pattern)}
    unread = [path for path in found if path.suffix == ".md"]
    while unread:
        page = unread.pop()
        links = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
        linked = {(page.parent / link).resolve() for link in links if "://" not in link}
        new = {path for path in linked - found if path.is_file()}
        found |= new
        unread += [path for path in new if path.suffix == ".md"]
    return found


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Give MkDocs these files in place of what it found in `docs_dir`."""
    for file in list(files):
        if file.src_dir == config.docs_dir:
            files.remove(file)
    for path in sorted(site_files()):
        name = path.relative_to(TOP).as_posix()
        files.append(File.generated(config, name, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    r"""Take `\|` in the code of a table for a bar: GitHub needs the escape, MkDocs shows it."""
    lines = markdown.split("\n")
    for at, line in enumerate(lines):
        if line.startswith("|"):
            lines[at] = re.sub(r"`[^`]+`", lambda code: code[0].replace("\\|", "|"), line)
    return "\n".join(lines)


def on_page_content(html: str, **_: object) -> str:
    """Keep options in sentences whole: a web browser would break a line behind their dashes."""
    return re.sub(
        r"<code>[^<\n]*</code>",
        lambda code: re.sub(
            r"(?<![\w-])--?[a-z][\w-]*", r'<span class="option">\g<0></span>', code[0]
        ),
        html,
    )
