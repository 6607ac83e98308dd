"""Runs inside a throw-away environment with litellm: times `cost_per_token` over given calls.

Reads JSON lines [model, prompt tokens, cached tokens, completion tokens] from stdin and prints
{"seconds": [CPU time per repetition], "total"} to stdout. Imports nothing of ours.
"""

import json
import sys
import time

# Without LITELLM_LOCAL_MODEL_COST_MAP=True this import fetches prices from the network.
import litellm  # type: ignore[import-not-found,unused-ignore]  # lives in that environment only

REPETITIONS = 5


def main() -> None:
    calls = [json.loads(line) for line in sys.stdin]
    seconds = []
    total = 0.0
    for _ in range(REPETITIONS):
        total = 0.0
        began = time.process_time()
        for model, prompt, cached, completion in calls:
            parts = litellm.cost_per_token(
                model=model,
                prompt_tokens=prompt,
                completion_tokens=completion,
                cache_read_input_tokens=cached,
                custom_llm_provider="azure",
            )
            total += sum(parts)
        seconds.append(time.process_time() - began)
    json.dump({"seconds": seconds, "total": total}, sys.stdout)


if __name__ == "__main__":
    main()
