"""What the gateway accepts or refuses for reasons that neither schema nor compiler knows: size,
braces, and the order of policies that the meaning of an event depends on."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from apim_policies.errors import Finding
from apim_policies.harness.expressions import STRING_LITERAL, Expression
from apim_policies.harness.plan import PolicySet, fragment_id
from apim_policies.harness.policy_file import FRAGMENT_SUFFIX, Element

FRAGMENT_BYTES_MAX = 32 * 1024
CAPTURE_ANSWER = "chargeback-capture-answer"
FORWARDED = "chargeback-forwarded"

_CHARACTER_OR_COMMENT = re.compile(r"'(?:[^'\\\n]|\\.)+'|//[^\n]*")
_CONTROL = re.compile(r"\b(?P<word>if|for|foreach|while|using|else|do|try|finally)\b\s*")
_WITH_HEAD = frozenset({"if", "for", "foreach", "while", "using"})


def unbraced(expressions: Iterable[Expression]) -> Iterator[Finding]:
    """Control flow without braces: the gateway reads expressions as Razor does, which refuses it
    when the policy is saved."""
    for expression in expressions:
        code = _without_text(expression.text.value)
        for found in _CONTROL.finditer(code):
            word, at = found["word"], found.end()
            if word in _WITH_HEAD:
                at = _after_head(code, at)
            if word == "else" and code.startswith("if", at):
                continue
            if code[at : at + 1] != "{" and not _ends_a_do(code, word, at):
                line = expression.text.line + code.count("\n", 0, found.start())
                message = f"{word} without braces: the gateway refuses it"
                yield Finding(file=expression.text.file, line=line, message=message)


def _without_text(code: str) -> str:
    """The code with blanks in place of strings, characters and comments, line by line the same."""
    for pattern in (STRING_LITERAL, _CHARACTER_OR_COMMENT):
        code = pattern.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), code)
    return code


def _after_head(code: str, at: int) -> int:
    """Where the statement starts, after the condition in parentheses."""
    depth = 0
    for index in range(at, len(code)):
        depth += {"(": 1, ")": -1}.get(code[index], 0)
        if depth == 0:
            return index + 1 + len(code[index + 1 :]) - len(code[index + 1 :].lstrip())
    return len(code)


def _ends_a_do(code: str, word: str, at: int) -> bool:
    return word == "while" and code[at : at + 1] == ";"


def oversized(folder: Path) -> Iterator[Finding]:
    """Fragments that the gateway refuses to store."""
    for path in sorted(folder.glob(f"*{FRAGMENT_SUFFIX}")):
        size = path.stat().st_size
        if size > FRAGMENT_BYTES_MAX:
            message = f"the fragment has {size} bytes, expected at most {FRAGMENT_BYTES_MAX}"
            yield Finding(file=path.name, line=0, message=message)


def misplaced(policies: PolicySet) -> Iterator[Finding]:
    """Orders in which a call would leave no event, or a wrong one."""
    yield from _stores_too_late(policies)
    for root in policies.elements:
        yield from _unmarked_forwards(root.children)


def _stores_too_late(policies: PolicySet) -> Iterator[Finding]:
    outbound = next((part for part in policies.policy.children if part.name == "outbound"), None)
    steps = outbound.children if outbound else []
    captured = next(
        (number for number, step in enumerate(steps) if _includes(step, CAPTURE_ANSWER)), None
    )
    for step in [] if captured is None else steps[captured:]:
        for store in _cache_stores(step, policies):
            message = f"{store.name} after {CAPTURE_ANSWER}: a cached answer leaves no event"
            yield Finding(file=store.file, line=store.line, message=message)


def _includes(step: Element, fragment: str) -> bool:
    return step.name == "include-fragment" and fragment_id(step) == fragment


def _cache_stores(step: Element, policies: PolicySet) -> Iterator[Element]:
    """Below a step, also in a fragment that it includes."""
    for element in step.walk():
        if element.name.endswith("cache-store"):
            yield element
        elif element.name == "include-fragment":
            yield from _cache_stores(policies.fragments[fragment_id(element)], policies)


def _unmarked_forwards(steps: Sequence[Element], *, marked: bool = False) -> Iterator[Finding]:
    """`marked`: a step before these, or around them, has set the mark. One of another branch does
    not count."""
    for step in steps:
        if step.name == "set-variable" and step.attributes["name"].value == FORWARDED:
            marked = True
        if step.name == "forward-request" and not marked:
            message = f"forward-request without {FORWARDED}: its answers may cost nothing"
            yield Finding(file=step.file, line=step.line, message=message)
        yield from _unmarked_forwards(step.children, marked=marked)
