"""Finds the C# expressions of policy elements and writes them as one typed C# source. Knows which
policy takes which type; compiler.py compiles."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from apim_policies.errors import Finding
from apim_policies.harness.policy_file import Element, Text

# Usings that the gateway gives an expression: the namespaces of the allowed types, and no more.
_USINGS = (
    "System",
    "System.Collections.Generic",
    "System.IO",
    "System.Linq",
    "System.Net",
    "System.Security.Cryptography",
    "System.Text",
    "System.Text.RegularExpressions",
    "System.Xml",
    "System.Xml.Linq",
    "Newtonsoft.Json",
    "Newtonsoft.Json.Linq",
    "Apim",
)
_BOOL = {("when", "condition")}
_OBJECT = {("set-variable", "value")}
STRING_LITERAL = re.compile(r'@"(?:[^"]|"")*"|"(?:[^"\\\n]|\\.)*"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """One expression, the C# type that the policy expects there, and the attribute or text that it
    fills.
    """

    index: int
    returns: str
    text: Text

    @property
    def source(self) -> str:
        """A method whose lines are the policy's own lines, so that compiler errors point there."""
        body = self.text.value.strip()
        inner = body[2:-1]
        code = f"{{ return ({inner}); }}" if body[1] == "(" else f"{{ {inner} }}"
        skipped = self.text.value[: self.text.value.index("@")].count("\n")
        head = f"public static {self.returns} E{self.index}(IContext context)"
        return f'#line {self.text.line + skipped} "{self.text.file}"\n{head} {code}\n'


def slots(element: Element) -> Iterator[tuple[str, Text]]:
    """Every place of an element that may hold an expression: its attributes, then its text ("")."""
    yield from element.attributes.items()
    if element.text is not None:
        yield "", element.text


def find_expressions(elements: Iterable[Element]) -> tuple[list[Expression], list[Finding]]:
    """All expressions in document order, and the places that look like one but are not."""
    expressions: list[Expression] = []
    findings: list[Finding] = []
    for root in elements:
        for element in root.walk():
            for slot, text in slots(element):
                fault = _fault(text)
                if fault is not None:
                    findings.append(Finding(file=text.file, line=text.line, message=fault))
                elif text.is_expression:
                    returns = _type(element.name, slot)
                    expressions.append(
                        Expression(index=len(expressions), returns=returns, text=text)
                    )
    return expressions, findings


def _type(element: str, slot: str) -> str:
    if (element, slot) in _BOOL:
        return "bool"
    return "object" if (element, slot) in _OBJECT else "string"


def _fault(text: Text) -> str | None:
    value = text.value.strip()
    if not text.is_expression:
        return "an expression must be the whole value" if "@(" in value or "@{" in value else None
    closing = ")" if value[1] == "(" else "}"
    if not value.endswith(closing):
        return f"the expression starts with {value[:2]} and does not end with {closing}"
    if text.attribute and "//" in STRING_LITERAL.sub("", value):
        return "a // comment in an attribute swallows the rest: XML folds its lines into one"
    return None


def csharp(expressions: Iterable[Expression]) -> str:
    """The source of the assembly that holds all expressions as static methods."""
    usings = "".join(f"using {namespace};\n" for namespace in _USINGS)
    methods = "".join(expression.source for expression in expressions)
    return f"{usings}public static class Expressions\n{{\n{methods}}}\n"
