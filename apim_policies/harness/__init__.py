"""Compiles the deployed policy files and runs them, request by request, as the gateway would."""
