"""The verbs of whoever has a token: sign in, read usage, explain a call."""
