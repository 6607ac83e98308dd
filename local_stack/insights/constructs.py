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
    "dynamic", "iff", "isempty", "isnotempty", "isnull", "isnotnull", "max", "min",
    "now", "percentile", "strcat", "sum", "sumif", "tobool", "todatetime", "todouble", "toint",
    "tolong", "tostring", "tolower",
}  # fmt: skip
WORDS_BEFORE_BRACKETS = {
    "and", "or", "not", "by", "in", "on", "between", "union", "join", "where", "order", "top",
    "summarize", "project", "extend", "has", "contains", "startswith",
    "inner", "leftouter", "leftanti",
}  # fmt: skip
"""A bracket after one of these groups an expression, or holds a list or a table."""
_SOURCES_NOT_TAKEN = {"range", "search", "find"}

_TOKEN = re.compile(
    r"""(?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|@"[^"]*"|@'[^']*')"""
    r"|(?P<comment>//[^\n]*)"
    r"|(?P<call>[A-Za-z_]\w*)(?=\s*\()"
    r"|(?P<operator>\|\s*[\w-]+)"
    r"|(?P<name>[A-Za-z_]\w*)"
)
_ESCAPE = re.compile(r"\\(.)")
_ESCAPES = {"\\", '"', "'"}
_KNOWN_NAMES = {
    name.lower(): name for name in (*TABLES, *(c for columns in TABLES.values() for c in columns))
}


def check_constructs(query: str) -> None:
    """QueryRefused when the query has something that is not on the lists."""
    for found in _TOKEN.finditer(query):
        kind, word = found.lastgroup, found[0]
        if kind == "text":
            _check_text(word)
        elif kind == "operator":
            operator = word.lstrip("|").strip()
            if operator not in OPERATORS:
                raise _not_taken(f"operator {operator!r}")
        elif kind == "call":
            if word not in FUNCTIONS | WORDS_BEFORE_BRACKETS:
                raise _not_taken(f"function {word!r}")
        elif kind == "name":
            _check_name(word)


def _check_text(text: str) -> None:
    unknown = {match[1] for match in _ESCAPE.finditer(text)} - _ESCAPES
    if unknown and not text.startswith("@"):
        raise _not_taken(f"escape sequence \\{min(unknown)} in a text")


def _check_name(word: str) -> None:
    """Kusto tells upper case from lower case; DuckDB does not."""
    if word in _SOURCES_NOT_TAKEN:
        raise _not_taken(f"operator {word!r}")
    known = _KNOWN_NAMES.get(word.lower(), word)
    if known != word:
        raise QueryRefused("SemanticError", f"no column or table {word!r}; did you mean {known!r}?")


def _not_taken(what: str) -> QueryRefused:
    return QueryRefused(
        "NotSupported", f"the local Application Insights does not take the {what}; Azure may"
    )
