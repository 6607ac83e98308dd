"""Asks the HTTP API as one caller: the Python client, and the verbs that speak to the API."""
