"""One chat call through the gateway, streamed. It knows nothing of Streamlit."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass

import httpx

from ui.page_parts.playground.stream import (
    REFUSAL_CHARS_MAX,
    GatewayError,
    GatewayRefused,
    message_of,
    parts_of,
)

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 60.0


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
            yield from parts_of(answer.iter_text())
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise GatewayRefused(f"The gateway at {url} gave no answer: {_why(error)}") from error
    except httpx.RequestError as error:
        raise GatewayError(
            f"The answer of the gateway at {url} broke off: {_why(error)}"
        ) from error


def _why(error: httpx.RequestError) -> str:
    return str(error) or type(error).__name__


def _refusal(answer: httpx.Response) -> str:
    """What the gateway or the model says is wrong."""
    try:
        message = message_of(answer.json())
    except ValueError:
        message = answer.text
    return f"The gateway answered {answer.status_code}: {message[:REFUSAL_CHARS_MAX]}"
