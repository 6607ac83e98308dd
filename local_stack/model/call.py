"""One call to the stand-in and its made-up token counts: the same request gives the same counts
and the same words."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import uuid4

from local_stack.model.behaviour import Behaviour
from local_stack.traffic.deployments import DEPLOYMENTS
from pricing_rules.types import Operation

CHARACTERS_PER_TOKEN = 4
"""A rule of thumb for English; the stand-in has no tokenizer."""
COMPLETION_TOKENS_MIN, COMPLETION_TOKENS_MAX = 12, 600
PIECES_MAX = 32
"""Words of an answer, and events of a stream; the usage may report more tokens than that."""
_CACHED_PERCENT = 35
_CACHE_BLOCK, _CACHED_PROMPT_MIN = 128, 1024
_REASONING_MODELS = ("gpt-5", "o1", "o3", "o4")
ROUTER = "model-router"
"""A deployment that has one of several models answer."""
_ROUTED = ("gpt-4.1-mini-2025-04-14", "gpt-5-mini-2025-08-07")
_ANSWERED_AS = {deployment.name: deployment.model for deployment in DEPLOYMENTS}
_WORDS = ("the", "ledger", "holds", "every", "call", "once", "and", "adds", "up", "again")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """Counts of one call. `cached` and `cache_write` ⊂ `prompt`, `reasoning` ⊂ `completion`."""

    prompt: int
    cached: int
    cache_write: int
    completion: int
    reasoning: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCall:
    """What to answer, and to what."""

    operation: Operation
    model: str
    """The name in the request: a deployment or a model."""
    request: Mapping[str, Any]
    behaviour: Behaviour
    tokens: Tokens
    seed: int
    id: str
    """A random id: two equal requests are two calls."""
    session: str | None = None
    """The caller's x-session-id."""

    @property
    def answered_model(self) -> str:
        """The dated name that the answer reports."""
        if self.behaviour.answers_as is not None:
            return self.behaviour.answers_as
        if self.model == ROUTER:
            return _ROUTED[self.seed % len(_ROUTED)]
        return _ANSWERED_AS.get(self.model, self.model)

    @property
    def tier(self) -> str:
        """The service tier that answers: the one that was asked for, if it is one of its own."""
        asked = self.request.get("service_tier")
        return asked if asked in ("priority", "flex") else "default"

    @property
    def stream(self) -> bool:
        return self.request.get("stream") is True

    def pieces(self) -> list[str]:
        """The answer's text, word by word."""
        chance = Random(self.seed)
        count = max(1, min(PIECES_MAX, self.tokens.completion - self.tokens.reasoning))
        return [chance.choice(_WORDS) + " " for _ in range(count)]


def make_call(
    operation: Operation,
    model: str,
    request: Mapping[str, Any],
    behaviour: Behaviour,
    *,
    session: str | None = None,
) -> ModelCall:
    """The call with its counts: those that were ordered, and the others derived from the request.
    They are the same for a stream."""
    asked = {name: value for name, value in request.items() if not name.startswith("stream")}
    digest = hashlib.sha256(json.dumps([model, asked], sort_keys=True).encode()).digest()
    seed = int.from_bytes(digest[:8])
    return ModelCall(
        operation=operation,
        model=model,
        request=request,
        behaviour=behaviour,
        tokens=_tokens(model, request, behaviour.tokens, Random(seed)),
        seed=seed,
        id=uuid4().hex,
        session=session,
    )


def _tokens(
    model: str, request: Mapping[str, Any], ordered: Mapping[str, int], chance: Random
) -> Tokens:
    text = sum(len(part) for part in _texts(request))
    prompt = ordered.get("prompt", 3 + text // CHARACTERS_PER_TOKEN)
    most = next(
        (
            int(request[name])
            for name in ("max_completion_tokens", "max_tokens", "max_output_tokens")
            if isinstance(request.get(name), int)
        ),
        COMPLETION_TOKENS_MAX,
    )
    drawn = min(most, chance.randint(COMPLETION_TOKENS_MIN, COMPLETION_TOKENS_MAX))
    completion = ordered.get("completion", drawn)
    cached = 0
    if prompt >= _CACHED_PROMPT_MIN and chance.randrange(100) < _CACHED_PERCENT:
        cached = chance.randint(1, prompt // _CACHE_BLOCK) * _CACHE_BLOCK
    reasoning = 0
    if model.startswith(_REASONING_MODELS):
        reasoning = completion * chance.randint(20, 80) // 100
    return Tokens(
        prompt=prompt,
        cached=min(prompt, ordered.get("cached", cached)),
        cache_write=ordered.get("cache_write", 0),
        completion=completion,
        reasoning=min(completion, ordered.get("reasoning", reasoning)),
    )


def _texts(value: object) -> Iterator[str]:
    """Every text of a prompt, wherever the API puts it; roles and names count a little too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name in ("messages", "system", "prompt", "input", "instructions", "content", "text"):
            yield from _texts(value.get(name))
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
