"""Calls of the demonstration that real gateways are full of and samples leave out: each case makes
one out of an ordinary call. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from local_stack.gateway.cached_policies import CACHE_HEADER
from local_stack.model.behaviour import (
    ANSWERS_AS_HEADER,
    POLLS_HEADER,
    SPILLOVER_HEADER,
    STATUS_HEADER,
    TOOLS_HEADER,
)
from local_stack.model.call import ROUTER
from local_stack.traffic.deployments import DEPLOYMENTS
from pricing_rules.types import Operation

CASE_EVERY = 25
"""One call in so many is a case; the cases take turns."""
FULL_DEPLOYMENT = "gpt-5-ptu"
_MODELS = {deployment.name: deployment.model for deployment in DEPLOYMENTS}
_RESPONSES = "openai/v1/responses"


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveCall:
    """One request, and what follows on it."""

    subject: str
    operation: Operation
    path: str
    body: dict[str, Any]
    orders: Mapping[str, str]
    """Headers that make the model stand-in answer like this."""
    polls: int = 0
    """How often the answer is fetched afterwards, until it is finished."""
    form: bool = False
    """Whether the body is sent as a form, with a file."""

    @property
    def deployment(self) -> str:
        return str(self.body["model"])


def spilled_over(call: LiveCall) -> LiveCall:
    """The provisioned deployment is full, and Azure has another one answer."""
    asked = {**call.body, "model": FULL_DEPLOYMENT}
    answers = {SPILLOVER_HEADER: call.deployment, ANSWERS_AS_HEADER: _MODELS[call.deployment]}
    path = call.path.replace(f"/{call.deployment}/", f"/{FULL_DEPLOYMENT}/")
    return replace(call, path=path, body=asked, orders={**call.orders, **answers})


def routed(call: LiveCall) -> LiveCall:
    """A router chooses the model."""
    path = call.path.replace(f"/{call.deployment}/", f"/{ROUTER}/")
    return replace(call, path=path, body={**call.body, "model": ROUTER})


def cached(call: LiveCall) -> LiveCall:
    """The gateway's cache answers, if it has the answer."""
    return replace(call, orders={**call.orders, CACHE_HEADER: "use"})


def searching(call: LiveCall) -> LiveCall:
    """The model searches the web three times."""
    asked = {**_of_responses(call).body, "tools": [{"type": "web_search"}]}
    return replace(
        _of_responses(call), body=asked, orders={**call.orders, TOOLS_HEADER: "web_search=3"}
    )


def in_background(call: LiveCall) -> LiveCall:
    """The answer is made in the background, and fetched until it is finished."""
    asked = {**_of_responses(call).body, "background": True}
    asked.pop("stream", None)
    return replace(
        _of_responses(call), body=asked, orders={**call.orders, POLLS_HEADER: "2"}, polls=3
    )


def compacted(call: LiveCall) -> LiveCall:
    """A long conversation is made short, by the model."""
    asked = dict(_of_responses(call).body)
    asked.pop("stream", None)
    return replace(_of_responses(call), path=f"{_RESPONSES}/compact", body=asked)


def transcribed(call: LiveCall) -> LiveCall:
    """A form with a sound file names the model in a field."""
    body = {"model": "gpt-4o-mini-transcribe"}
    path = "openai/v1/audio/transcriptions"
    operation = Operation.AUDIO_TRANSCRIPTIONS
    return replace(call, operation=operation, path=path, body=body, form=True)


def _of_responses(call: LiveCall) -> LiveCall:
    """The same question to the Responses API, of a model that has it."""
    body = {name: value for name, value in call.body.items() if name != "messages"}
    body |= {"model": "gpt-5", "input": "Which calls are not in any sample?"}
    return replace(call, operation=Operation.RESPONSES, path=_RESPONSES, body=body)


CASES: tuple[Callable[[LiveCall], LiveCall], ...] = (
    spilled_over,
    routed,
    cached,
    searching,
    in_background,
    compacted,
    transcribed,
)


def with_cases(calls: Iterable[LiveCall]) -> Iterator[LiveCall]:
    """The calls, one in CASE_EVERY changed into a case. A call that is to fail stays, and so does
    one that is no chat: the next chat is changed in its place."""
    changed = 0
    for number, call in enumerate(calls):
        plain = call.operation is Operation.CHAT_COMPLETIONS and STATUS_HEADER not in call.orders
        if plain and number >= changed * CASE_EVERY:
            yield CASES[changed % len(CASES)](call)
            changed += 1
        else:
            yield call
