"""Reads a policy file into elements that know their lines. XML parsers fold the newlines of an
attribute and forget its position; compiler errors need both. It does not know what a policy means.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path

from lxml import etree

from apim_policies.errors import Finding, InvalidPolicies

FRAGMENT_SUFFIX = ".fragment.xml"
POLICY_SUFFIX = ".policy.xml"

_TOKEN = re.compile(
    r"<!--.*?-->|<\?.*?\?>|<(?P<close>/)?(?P<name>[\w.-]+)"
    r"(?P<attributes>(?:[^>\"'/]|/(?!>)|\"[^\"]*\"|'[^']*')*)(?P<empty>/)?>",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(r"([\w.-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.DOTALL)
_NAMED_VALUE = re.compile(r"\{\{([\w.-]+)\}\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """An attribute's value or an element's text, unescaped, newlines as written."""

    value: str
    file: str
    line: int
    attribute: bool
    """True where an XML parser will turn newlines into blanks."""

    @property
    def is_expression(self) -> bool:
        return self.value.strip().startswith(("@(", "@{"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """One policy element, its attributes, its own text and its children in order."""

    name: str
    file: str
    line: int
    attributes: Mapping[str, Text]
    children: list["Element"] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)

    @property
    def position(self) -> str:
        return f"{self.file}:{self.line}"

    @property
    def text(self) -> Text | None:
        """The element's text, unless it is only blanks."""
        return next((text for text in self.texts if text.value.strip()), None)

    def walk(self) -> Iterator["Element"]:
        """This element and all below it, in document order."""
        yield self
        for child in self.children:
            yield from child.walk()


def read_policy(path: Path, named_values: Mapping[str, str]) -> Element:
    """The root element of a policy or fragment with its named values put in.

    Raises InvalidPolicies if the file is not well-formed XML or names an unknown value.
    """
    source = path.read_text(encoding="utf-8")
    try:
        etree.fromstring(source.encode())
    except etree.XMLSyntaxError as error:
        finding = Finding(file=path.name, line=error.lineno or 0, message=str(error.msg))
        raise InvalidPolicies([finding]) from error
    reader = _Reader(path.name, source, named_values)
    root = reader.read()
    if reader.unknown:
        raise InvalidPolicies(reader.unknown)
    return root


class _Reader:
    """Walks well-formed XML without CDATA and DOCTYPE, which no policy of this folder needs."""

    def __init__(self, file: str, source: str, named_values: Mapping[str, str]) -> None:
        self._file = file
        self._source = source
        self._named_values = named_values
        self.unknown: list[Finding] = []

    def read(self) -> Element:
        document = Element(name="document", file=self._file, line=1, attributes={})
        path = [document]
        end = 0
        for token in _TOKEN.finditer(self._source):
            if self._source[end : token.start()].strip():
                path[-1].texts.append(self._text(end, token.start(), attribute=False))
            end = token.end()
            if token["close"]:
                path.pop()
            elif token["name"]:
                element = self._element(token)
                path[-1].children.append(element)
                if not token["empty"]:
                    path.append(element)
        return document.children[0]

    def _element(self, tag: re.Match[str]) -> Element:
        attributes = {}
        span = tag.span("attributes")
        for found in _ATTRIBUTE.finditer(self._source, *span):
            value = found.span(2 if found[2] is not None else 3)
            attributes[found[1]] = self._text(*value, attribute=True)
        line = _line(self._source, tag.start())
        return Element(name=tag["name"], file=self._file, line=line, attributes=attributes)

    def _text(self, start: int, end: int, *, attribute: bool) -> Text:
        """Insert named values like the gateway: as text, before anything is read as C#."""
        line = _line(self._source, start)
        raw = self._source[start:end]
        for name in _NAMED_VALUE.findall(raw):
            if name not in self._named_values:
                message = f"named value {name} is not among {sorted(self._named_values)}"
                self.unknown.append(Finding(file=self._file, line=line, message=message))
        value = _NAMED_VALUE.sub(lambda name: self._named_values.get(name[1], ""), unescape(raw))
        return Text(value=value, file=self._file, line=line, attribute=attribute)


def _line(source: str, offset: int) -> int:
    return source.count("\n", 0, offset) + 1


def named_values_used(path: Path) -> dict[str, int]:
    """Named values in a file's policies (not in its comments), each with its first line."""
    source = re.sub(
        r"<!--.*?-->",
        lambda comment: "\n" * comment[0].count("\n"),
        path.read_text(encoding="utf-8"),
        flags=re.DOTALL,
    )
    used: dict[str, int] = {}
    for found in _NAMED_VALUE.finditer(source):
        used.setdefault(found[1], _line(source, found.start()))
    return used
