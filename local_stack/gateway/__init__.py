"""A stand-in for the gateway of API Management: `python -m local_stack.gateway`. It runs the policy
files of apim_policies around every call, and reports like the real gateway."""
