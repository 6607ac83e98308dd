"""Which KQL the stand-in takes: a short list, each with a test of its answer.

The engine refuses most of what it cannot translate, yet answers a few constructs wrongly, such as
`make_list` with a limit, or `\\u` in a text. So everything outside the list is refused before it.
"""

import re

from local_stack.insights.errors import QueryRefused
from local_stack.insights.tables import TABLES

OPERATORS = {
    "where", "project", "extend", "summarize", "order", "sort", "take", "top", "count", "distinct",
    "join", "union",
}  # fmt: skip
FUNCTIONS = {
    "ago", "arg_max", "arg_min", "avg", "bin", "case", "coalesce", "count", "countif", "datetime",
    "dynamic", "iff", "isempty", "isnotempty", "isnull", "isnotnull", "long", "max", "min",
    "now", "percentile", "strcat", "sum", "sumif", "tobool", "todatetime", "todouble", "toint",
    "tolong", "tostring", "tolower",
}  # fmt: skip
WORDS = {
    "and", "or", "not", "by", "in", "on", "between", "startswith", "asc", "desc", "let", "print",
    "kind", "inner", "leftouter", "leftanti", "true", "false",
}  # fmt: skip
"""Words of the language that are neither a function nor the first of a step."""
_OTHER_WORDS = {
    "anti", "contains", "contains_cs", "default", "endswith", "endswith_cs", "find", "from",
    "fullouter", "has", "has_cs", "hasprefix", "hasprefix_cs", "hassuffix", "hassuffix_cs", "hint",
    "innerunique", "isfuzzy", "leftantisemi", "leftsemi", "matches", "nulls", "outer", "range",
    "rightanti", "rightantisemi", "rightouter", "rightsemi", "search", "set", "startswith_cs",
    "step", "with", "withsource",
}  # fmt: skip
"""Words of the language that are not taken; any other word is a name of the query's own."""

_TEXT_OR_COMMENT = re.compile(
    r"""(?P<text>@"[^"]*"|@'[^']*'|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|//[^\n]*"""
)
_TOKEN = re.compile(
    r"(?P<step>\|\s*[\w-]+)|(?P<call>[A-Za-z_]\w*)(?=\s*\()|(?P<word>[A-Za-z_]\w*)"
    r"|(?P<symbol>=~|!~|~|\$|`|[{}]|\.(?!\.)(?<!\.\.)(?!\d))"
)
_JOINED = re.compile(r"\s+kind\s*=\s*(inner|leftouter|leftanti)\b")
_ESCAPE = re.compile(r"\\(.)")
_ESCAPES = {"\\", '"', "'"}
_NAMES = {*TABLES, *(column for columns in TABLES.values() for column in columns)}
_SPELLINGS = {name.lower(): name for name in _NAMES}


def check_constructs(query: str) -> None:
    """QueryRefused when the query has something that is not on the lists."""
    plain = _TEXT_OR_COMMENT.sub(_plain, query)
    for found in _TOKEN.finditer(plain):
        kind, word = found.lastgroup, found[0].lstrip("| \t\r\n")
        if kind == "symbol":
            raise _not_taken(f"symbol {word!r}")
        if kind == "step" and word not in OPERATORS:
            raise _not_taken(f"operator {word!r}")
        if kind == "call" and word not in FUNCTIONS | WORDS | OPERATORS:
            raise _not_taken(f"function {word!r}")
        if word == "join" and not _JOINED.match(plain, found.end()):
            raise _not_taken("join without kind=inner, leftouter or leftanti")
        if kind == "word":
            _check_word(word)


def _plain(found: re.Match[str]) -> str:
    """Nothing but its quotes of a text, nothing of a comment."""
    text = found["text"]
    if text is None:
        return " "
    unknown = {match[1] for match in _ESCAPE.finditer(text)} - _ESCAPES
    if unknown and not text.startswith("@"):
        raise _not_taken(f"escape sequence \\{min(unknown)} in a text")
    return '""'


def _check_word(word: str) -> None:
    """Kusto tells upper case from lower case; DuckDB does not."""
    if word in _OTHER_WORDS:
        raise _not_taken(f"word {word!r}")
    known = _SPELLINGS.get(word.lower(), word)
    if known != word and word not in WORDS | OPERATORS:
        raise QueryRefused("SemanticError", f"no column or table {word!r}; did you mean {known!r}?")


def _not_taken(what: str) -> QueryRefused:
    return QueryRefused(
        "NotSupported", f"the local Application Insights does not take the {what}; Azure may"
    )
