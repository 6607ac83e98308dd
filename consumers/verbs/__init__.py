"""The short verbs of `python -m consumers`. Imports anything of this package."""
