"""The site's pages, made from the repository's Markdown: where each goes and what its links become.

GitHub shows the same files, so they are written for it. Here they become what MkDocs wants: links
between pages of the site, and the Markdown of the library that it uses.
"""

import re
from collections.abc import Iterator
from os.path import relpath
from pathlib import Path, PurePosixPath

from docs_site import api_reference

_LINK = re.compile(r"\[([^\]]*)\]\(([^)#:\s]*)(?:#([^)\s]*))?\)")
_CODE = re.compile(r"`[^`]+`")
_MARKER = re.compile(r"(?:[-*]|\d+\.) +(?=\S)")
_INDENT = 4
"""Spaces by which Python-Markdown knows that a line belongs to a list item."""
HTTP_API = "docs/api.md"
API_REFERENCE = "reference/api.md"


def sources(root: Path) -> list[Path]:
    """Every document of the repository that is a page of the site."""
    return sorted([*root.glob("*.md"), *root.glob("docs/*.md"), *root.glob("[!.]*/README.md")])


def page_of(path: str) -> str:
    """Where a file of the repository lies on the site: `docs/` is its root."""
    folder, _, name = path.rpartition("/")
    if name == "README.md":
        return f"{folder}.md" if folder else "overview.md"
    if not folder:
        return name.lower() if name.endswith(".md") else name
    return path.removeprefix("docs/")


def pages(root: Path) -> Iterator[tuple[str, str]]:
    """Every page as its place on the site and its Markdown."""
    for source in sources(root):
        path = source.relative_to(root).as_posix()
        text = source.read_text(encoding="utf-8")
        if path == HTTP_API:
            text, reference = api_reference.split(text)
            yield API_REFERENCE, for_the_site(reference, root, path, API_REFERENCE)
        yield page_of(path), for_the_site(text, root, path, page_of(path))


def linked_files(root: Path) -> set[str]:
    """Files that pages link to and that are no pages themselves: they are copied as they are."""
    listed = sources(root)
    found = {
        (source.parent / target).resolve()
        for source in listed
        for _, target, _ in _LINK.findall(source.read_text(encoding="utf-8"))
        if target and (source.parent / target).is_file()
    }
    return {path.relative_to(root).as_posix() for path in found - set(listed)}


def for_the_site(text: str, root: Path, path: str, page: str) -> str:
    """A text of the file `path`, as the site's `page` has it."""
    return with_links(as_python_markdown(text), root, path, page)


def with_links(text: str, root: Path, path: str, page: str) -> str:
    """The text with links to places on the site. A folder has no place: its link becomes text."""

    def moved(link: re.Match[str]) -> str:
        label, target, anchor = link[1], link[2], link[3] or ""
        file = (root / path).parent / target if target else root / path
        if file.is_dir():
            return label
        if not file.is_file():
            return link[0]
        name = file.resolve().relative_to(root).as_posix()
        is_reference = name == HTTP_API and anchor in api_reference.anchors()
        there = API_REFERENCE if is_reference else page_of(name)
        shown = "" if there == page else relpath(there, PurePosixPath(page).parent)
        return f"[{label}]({shown}{'#' if anchor else ''}{anchor})"

    return _LINK.sub(moved, text)


def as_python_markdown(text: str) -> str:
    """The text with a blank line before each list, items indented by four spaces, bare pipes.

    GitHub wants a pipe escaped in a table's code, where Python-Markdown shows the backslash.
    """
    lines: list[str] = []
    added, fenced = 0, False
    for line in text.splitlines():
        if line.startswith("```"):
            fenced = not fenced
        marker = None if fenced else _MARKER.match(line)
        if marker:
            if not added and lines and lines[-1]:
                lines.append("")
            added = _INDENT - len(marker[0])
        elif line and not line.startswith(" "):
            added = 0
        if line.startswith("|") and not fenced:
            lines.append(_CODE.sub(lambda code: code[0].replace("\\|", "|"), line))
        else:
            lines.append(" " * added + line if line.startswith(" ") else line)
    return "\n".join(lines) + "\n"
