"""The policies with a response cache around the calls that ask for it, as an owner may add one. The
store comes before the fragments of outbound, as it should, or after them."""

import shutil
from enum import StrEnum
from pathlib import Path

CACHE_HEADER = "x-local-cache"
"""A call with it is looked up, and its answer is stored."""
_POLICY = "llm_api.policy.xml"
_ASKED = f"""@(context.Request.Headers.ContainsKey("{CACHE_HEADER}"))"""
_LOOKUP = f"""<choose><when condition='{_ASKED}'>
      <llm-semantic-cache-lookup score-threshold="0.05" embeddings-backend-id="embeddings"
          embeddings-backend-auth="system-assigned">
        <vary-by>@(context.Subscription?.Id ?? "-")</vary-by>
      </llm-semantic-cache-lookup></when></choose>
"""
_STORE = f"""<choose><when condition='{_ASKED}'>
      <llm-semantic-cache-store duration="600" /></when></choose>
"""
_FIRST_OF_OUTBOUND = "<outbound>\n"
_LAST_OF_OUTBOUND = "    <base />\n  </outbound>"
_AFTER_CALLER = '    <include-fragment fragment-id="chargeback-token-metric" />\n'


class CachePlace(StrEnum):
    """Where the answer is stored, as seen from the policies' fragments of outbound."""

    BEFORE = "before"
    AFTER = "after"


def with_cache(folder: Path, target: Path, place: CachePlace) -> Path:
    """A copy of the policies in `target`, which must not exist yet."""
    shutil.copytree(folder, target, ignore=shutil.ignore_patterns("__pycache__"))
    policy = target / _POLICY
    text = policy.read_text(encoding="utf-8")
    text = _replaced(text, _AFTER_CALLER, "    " + _LOOKUP + _AFTER_CALLER)
    if place is CachePlace.BEFORE:
        text = _replaced(text, _FIRST_OF_OUTBOUND, _FIRST_OF_OUTBOUND + "    " + _STORE)
    else:
        text = _replaced(text, _LAST_OF_OUTBOUND, "    " + _STORE + _LAST_OF_OUTBOUND)
    policy.write_text(text, encoding="utf-8")
    return target


def _replaced(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, f"{_POLICY} has {old!r} {text.count(old)} times, expected once"
    return text.replace(old, new)
