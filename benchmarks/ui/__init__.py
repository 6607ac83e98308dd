"""How long people wait for the UI, in a browser."""
