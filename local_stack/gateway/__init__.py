"""A stand-in for the gateway of API Management: `python -m local_stack.gateway`. It runs the very
policy files of apim_policies around every call and reports as the real gateway does."""
