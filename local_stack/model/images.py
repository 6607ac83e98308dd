"""Image generation: one white pixel each, with the usage of a gpt-image model."""

import time
from typing import Any

from local_stack.model.call import ModelCall

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8"
    "/5+hHgAHggJ/PchI7wAAAABJRU5ErkJggg=="
)
TOKENS_PER_IMAGE = 1_056
"""Output tokens of a 1024×1024 image of medium quality."""
IMAGES_MAX = 10


def answer(call: ModelCall) -> dict[str, Any]:
    asked = call.request.get("n")
    count = min(asked, IMAGES_MAX) if isinstance(asked, int) and asked > 0 else 1
    prompt, made = call.tokens.prompt, count * TOKENS_PER_IMAGE
    return {
        "created": int(time.time()),
        "data": [{"b64_json": PIXEL} for _ in range(count)],
        "usage": {
            "input_tokens": prompt,
            "input_tokens_details": {"text_tokens": prompt, "image_tokens": 0},
            "output_tokens": made,
            "total_tokens": prompt + made,
        },
    }
