"""The calls that the check makes, as a client of the gateway does; what the client saw of each."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec

CALL_S_MAX = 180.0
POLL_INTERVAL_S = 1.0
SESSION_HEADER = "x-session-id"
MARKER = "chargeback-check"
"""Name of the query parameter by which the log's row of a call without a key is found."""
EMBEDDINGS = "/embeddings"
"""The path whose answers have no output."""
_QUESTION = [{"role": "user", "content": "Count from 1 to 40, in words."}]
_decode_json = msgspec.json.Decoder().decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """Deployments to call; without a name that call is not made."""

    chat: str
    embeddings: str | None = None
    images: str | None = None
    speech: str | None = None
    background: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request."""

    name: str
    path: str
    body: Mapping[str, Any] = field(default_factory=dict)
    broken: bytes | None = None
    """Sent in place of the body: no JSON."""
    method: str = "POST"
    key: str | None = None
    """The subscription key; None asks without one."""
    tokens_max: int = 0
    """How many tokens it may cost at most, for the estimate."""


@dataclass(slots=True, kw_only=True)
class Seen:
    """What the client saw of a request."""

    ask: Ask
    session: str
    status: int = 0
    """0 when no answer came."""
    error: str | None = None
    response_id: str | None = None
    response_status: str | None = None
    usage: Mapping[str, Any] | None = None
    first_s: float = 0.0
    """Until the first byte of the answer."""
    whole_s: float = 0.0

    @property
    def answered(self) -> bool:
        """Whether a model answered it."""
        return 200 <= self.status < 300


def planned(models: Models, key: str, long_key: str | None) -> list[Ask]:
    """The requests in order, but the fetches of the background answer."""
    chat = {"model": models.chat, "messages": _QUESTION}
    asks = [
        Ask(name="plain", path="/chat/completions", body=chat, key=key, tokens_max=300),
        Ask(
            name="stream",
            path="/chat/completions",
            body=chat | {"stream": True},
            key=key,
            tokens_max=300,
        ),
        Ask(name="keyless", path="/chat/completions", body=chat),
        Ask(name="refused", path="/chat/completions", broken=b"{", key=key),
    ]
    if long_key is not None:
        asks.append(
            Ask(name="long", path="/chat/completions", body=chat, key=long_key, tokens_max=300)
        )
    others = (
        ("embeddings", models.embeddings, EMBEDDINGS, {"input": "ok"}),
        ("images", models.images, "/images/generations", {"prompt": "a dot", "n": 1}),
        ("speech", models.speech, "/audio/speech", {"input": "ok", "voice": "alloy"}),
        ("background", models.background, "/responses", {"input": "Say ok.", "background": True}),
    )
    for name, model, path, body in others:
        if model is not None:
            asks.append(
                Ask(name=name, path=path, body={"model": model, **body}, key=key, tokens_max=300)
            )
    return asks


class Client:
    """Makes requests one after the other."""

    def __init__(self, url: str, run: str, http: httpx.AsyncClient) -> None:
        """`run` begins every session of this run."""
        self._url = url.rstrip("/")
        self._run = run
        self._http = http

    async def make(self, asks: Sequence[Ask]) -> list[Seen]:
        return [await self._make(ask) for ask in asks]

    async def fetch(self, seen: Seen) -> Seen:
        """The background answer once more."""
        ask = Ask(
            name="fetch", path=f"/responses/{seen.response_id}", method="GET", key=seen.ask.key
        )
        return await self._make(ask)

    async def _make(self, ask: Ask) -> Seen:
        seen = Seen(ask=ask, session=f"{self._run}-{ask.name}")
        headers = {SESSION_HEADER: seen.session}
        if ask.broken is not None:
            headers["content-type"] = "application/json"
        if ask.key is not None:
            headers["api-key"] = ask.key
            if ask.key.count(".") == 2:  # an Entra token
                headers["authorization"] = f"Bearer {ask.key}"
        started = time.monotonic()
        try:
            async with self._http.stream(
                ask.method,
                self._url + ask.path,
                headers=headers,
                json=ask.body or None,
                content=ask.broken,
                params={MARKER: self._run} if ask.key is None else None,
                timeout=CALL_S_MAX,
            ) as answer:
                seen.status = answer.status_code
                parts = []
                async for part in answer.aiter_bytes():
                    seen.first_s = seen.first_s or time.monotonic() - started
                    parts.append(part)
            seen.whole_s = time.monotonic() - started
            _read(seen, b"".join(parts))
        except httpx.HTTPError as error:
            seen.error = f"{type(error).__name__}: {error}"
        return seen


def _read(seen: Seen, body: bytes) -> None:
    """Take id, status and usage of the answer, or of the events of a stream."""
    if body.lstrip().startswith(b"data:"):
        texts = [line[5:] for line in body.splitlines() if line.startswith(b"data:")]
    else:
        texts = [body]
    for text in texts:
        try:
            said = _decode_json(text)
        except msgspec.DecodeError:
            continue  # sound, or the end of a stream
        if not isinstance(said, dict):
            continue
        if said.get("error"):
            seen.error = str(said["error"])[:300]
        seen.response_id = said.get("id") or seen.response_id
        seen.response_status = said.get("status") or seen.response_status
        seen.usage = said.get("usage") or seen.usage
