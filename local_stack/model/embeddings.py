"""Embeddings: vectors of seeded numbers, as floats, or in base64 if the client asks for it."""

import base64
from array import array
from random import Random
from typing import Any

from local_stack.model.call import ModelCall

DIMENSIONS, DIMENSIONS_MAX = 1536, 3072


def answer(call: ModelCall) -> dict[str, Any]:
    texts = call.request.get("input")
    count = len(texts) if isinstance(texts, list) else 1
    data = [
        {"object": "embedding", "index": index, "embedding": _vector(call, index)}
        for index in range(count)
    ]
    usage = {"prompt_tokens": call.tokens.prompt, "total_tokens": call.tokens.prompt}
    return {"object": "list", "model": call.answered_model, "data": data, "usage": usage}


def _vector(call: ModelCall, index: int) -> str | list[float]:
    chance = Random(call.seed + index)
    asked = call.request.get("dimensions")
    size = min(asked, DIMENSIONS_MAX) if isinstance(asked, int) and asked > 0 else DIMENSIONS
    numbers = array("f", (chance.uniform(-1, 1) for _ in range(size)))
    if call.request.get("encoding_format") == "base64":
        return base64.b64encode(numbers.tobytes()).decode()
    return list(numbers)
