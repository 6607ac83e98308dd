"""Audio: transcriptions with the tokens or seconds that their format says, and speech."""

from typing import Any

from local_stack.model.call import ModelCall

BYTES_PER_SECOND = 32_000
"""Of a wave file with 16 kHz, 16 bits and one channel."""
_BY_SECONDS = "whisper"
"""Models named like this say no tokens; only `verbose_json` says how long the audio was."""


def transcription(call: ModelCall) -> dict[str, Any] | str:
    """JSON, or the bare text that `response_format=text` asks for."""
    text = "".join(call.pieces())
    wanted = call.request.get("response_format", "json")
    if wanted == "verbose_json":
        said = {"task": "transcribe", "language": "english", "segments": [], "text": text}
        return {**said, "duration": _seconds(call)}
    if wanted not in ("json", ""):
        return text
    return {"text": text} if call.model.startswith(_BY_SECONDS) else {"text": text, **_usage(call)}


def speech(call: ModelCall) -> bytes:
    """Bytes that no player understands."""
    return b"audio" * call.tokens.completion


def _seconds(call: ModelCall) -> float:
    return max(1, int(call.request.get("file_bytes", 0))) / BYTES_PER_SECOND


def _usage(call: ModelCall) -> dict[str, Any]:
    prompt, completion = call.tokens.prompt, call.tokens.completion
    details = {"text_tokens": 0, "audio_tokens": prompt}
    usage = {"type": "tokens", "input_tokens": prompt, "input_token_details": details}
    return {"usage": {**usage, "output_tokens": completion, "total_tokens": prompt + completion}}
