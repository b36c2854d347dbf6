"""The user guide, read from ``resources/guide/*.md``: chapters with their sections, as pages for the window."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from cartocell_app import resources

if TYPE_CHECKING:
    from markdown_it.token import Token

FOLDER = resources.ROOT / "guide"


@dataclass(frozen=True)
class Section:
    """A part of a chapter under a heading.

    Attributes
    ----------
    anchor : str
        Where it is in the chapter's page; empty at its beginning.
    title : str
        Its heading.
    words : str
        All its text in lower case, for the search.
    """

    anchor: str
    title: str
    words: str

    def has(self, wanted: str) -> bool:
        """Whether all words of `wanted` occur in it."""
        return all(word in self.words for word in wanted.lower().split())


@dataclass(frozen=True)
class Chapter:
    """A file of the guide.

    Attributes
    ----------
    name : str
        Of the file: ``"3-phases.md"``; its number says where it comes.
    title : str
        First heading.
    html : str
        Its page.
    sections : tuple of Section
        The first is what stands before the second heading.
    """

    name: str
    title: str
    html: str
    sections: tuple[Section, ...]


@cache
def read_guide(folder: Path = FOLDER) -> tuple[Chapter, ...]:
    """All chapters in their order."""
    return tuple(_read(path) for path in sorted(folder.glob("[0-9]*.md")))


def anchor_of(heading: str) -> str:
    """Anchor of a heading, as GitHub makes it: ``"Voxel size"`` is at ``#voxel-size``."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _read(path: Path) -> Chapter:
    from markdown_it import MarkdownIt

    markdown = MarkdownIt("commonmark").enable("table")
    tokens = markdown.parse(path.read_text(encoding="utf-8"))
    for heading, inline in pairwise(tokens):
        if heading.type == "heading_open":
            heading.attrSet("id", anchor_of(_text(inline)))
    html = markdown.renderer.render(tokens, markdown.options, {})
    sections = tuple(_sections(tokens))
    return Chapter(path.name, sections[0].title, html, sections)


def _sections(tokens: "list[Token]") -> Iterator[Section]:
    """Cut a chapter at its headings of the second level."""
    title, anchor, words = "", "", []
    for before, token in pairwise(tokens):
        if token.type != "inline":
            continue
        text = _text(token)
        if before.tag == "h2":
            yield Section(anchor, title, " ".join(words))
            title, anchor, words = text, anchor_of(text), []
        title = title or text
        words.append(text.lower())
    yield Section(anchor, title, " ".join(words))


def _text(token: "Token") -> str:
    return "".join(child.content if child.content else " " for child in token.children or ())
