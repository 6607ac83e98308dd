"""The verbs of `python -m table_api`. Imports anything of this package."""
