"""One chat call through the gateway, streamed. It knows nothing of Streamlit."""

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass

import httpx

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 60.0
ANSWER_CHARS_MAX = 200_000
REFUSAL_CHARS_MAX = 500


class GatewayError(Exception):
    """There is no answer or not all of it; the message is for the person who asked. The model may
    have worked, so the call may have a cost.
    """


class GatewayRefused(GatewayError):
    """The gateway could not be reached, or it refused: no model has answered anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What is sent, and the ids by which the call is found again."""

    deployment: str
    text: str
    output_max: int
    session: str
    trace_id: str

    @property
    def traceparent(self) -> str:
        """W3C trace context: this call is the root of its trace, and sampled."""
        return f"00-{self.trace_id}-{secrets.token_hex(8)}-01"


def new_trace_id() -> str:
    return secrets.token_hex(16)


def streamed(url: str, token: str, prompt: Prompt) -> Iterator[str]:
    """The parts of the answer as they come. GatewayError when it breaks off, GatewayRefused when
    there is none.
    """
    headers = {
        "Authorization": f"Bearer {token}",
        "traceparent": prompt.traceparent,
        "x-session-id": prompt.session,
    }
    body = {
        "model": prompt.deployment,
        "messages": [{"role": "user", "content": prompt.text}],
        "max_completion_tokens": prompt.output_max,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    timeout = httpx.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S)
    try:
        with httpx.stream(
            "POST", f"{url}/chat/completions", json=body, headers=headers, timeout=timeout
        ) as answer:
            if answer.status_code != httpx.codes.OK:
                answer.read()
                raise GatewayRefused(_refusal(answer))
            yield from _parts(answer.iter_lines())
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise GatewayRefused(f"The gateway at {url} gave no answer: {_why(error)}") from error
    except httpx.TransportError as error:
        raise GatewayError(
            f"The answer of the gateway at {url} broke off: {_why(error)}"
        ) from error


def _parts(lines: Iterator[str]) -> Iterator[str]:
    """The text of each event; an event that cannot be read ends the answer."""
    shown = 0
    for line in lines:
        data = line.removeprefix("data:").strip()
        if not line.startswith("data:") or not data:
            continue
        if data == "[DONE]":
            return
        try:
            choices = json.loads(data).get("choices") or []
            text = "".join(choice["delta"].get("content") or "" for choice in choices)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise GatewayError(f"The gateway sent an event that cannot be read: {error}") from error
        shown += len(text)
        if shown > ANSWER_CHARS_MAX:
            raise GatewayError(f"The answer is longer than {ANSWER_CHARS_MAX:,} characters.")
        if text:
            yield text


def _why(error: httpx.TransportError) -> str:
    return str(error) or type(error).__name__


def _refusal(answer: httpx.Response) -> str:
    """What the gateway or the model says is wrong."""
    try:
        said = answer.json()
        error = said.get("error", said)
        message = str(error.get("message", error)) if isinstance(error, dict) else str(error)
    except (ValueError, AttributeError):
        message = answer.text
    return f"The gateway answered {answer.status_code}: {message[:REFUSAL_CHARS_MAX]}"
