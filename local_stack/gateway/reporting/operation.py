"""The operations of the gateway's LLM API, found by path, as API Management matches URLs."""

import re
from dataclasses import dataclass
from functools import lru_cache

import msgspec


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayOperation:
    """One operation of the API."""

    id: str
    llm_logged: bool
    """Whether the gateway counts its tokens in GatewayLlmLogs."""


PATHS_CACHED_MAX = 256
"""Callers use few paths, and each call asks three times."""

# No document mentions rows for embeddings, images and audio; only the policy reports their usage.
_BY_PATH = {
    "chat/completions": GatewayOperation(id="ChatCompletions_Create", llm_logged=True),
    "completions": GatewayOperation(id="Completions_Create", llm_logged=True),
    "responses": GatewayOperation(id="Responses_Create", llm_logged=True),
    "responses/compact": GatewayOperation(id="Responses_Compact", llm_logged=False),
    "v1/messages": GatewayOperation(id="Messages_Create", llm_logged=True),
    "embeddings": GatewayOperation(id="Embeddings_Create", llm_logged=False),
    "images/generations": GatewayOperation(id="ImageGenerations_Create", llm_logged=False),
    "images/edits": GatewayOperation(id="ImageEdits_Create", llm_logged=False),
    "images/variations": GatewayOperation(id="ImageVariations_Create", llm_logged=False),
    "audio/transcriptions": GatewayOperation(id="Transcriptions_Create", llm_logged=False),
    "audio/translations": GatewayOperation(id="Translations_Create", llm_logged=False),
    "audio/speech": GatewayOperation(id="Speech_Create", llm_logged=False),
}
_PATH = re.compile(r"/(" + "|".join(_BY_PATH) + r")/?$")
_FETCH = re.compile(r"/responses/[^/]+/?$")
_FETCHED = GatewayOperation(id="Responses_Get", llm_logged=True)
"""Assumed to be logged like any answer of the Responses API; nobody has written of it."""
_DEPLOYMENT = re.compile(r"/deployments/([^/]+)/", re.IGNORECASE)


@lru_cache(maxsize=PATHS_CACHED_MAX)
def operation_of(path: str) -> GatewayOperation | None:
    """None if the API has no operation of its own for the call, such as listing models."""
    found = _PATH.search(path)
    if found:
        return _BY_PATH[found[1]]
    return _FETCHED if _FETCH.search(path) else None


class _Asked(msgspec.Struct):
    model: str | None = None


def deployment_of(path: str, body: bytes) -> str:
    """The deployment in the path, else the model in the body; empty if there is neither."""
    found = _DEPLOYMENT.search(path)
    if found:
        return found[1]
    try:
        return msgspec.json.decode(body, type=_Asked).model or ""
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
