"""A stand-in for model endpoints: `python -m local_stack.model`. It answers in the shapes of the
OpenAI, Azure OpenAI and Anthropic APIs, with text that means nothing and plausible usage."""
