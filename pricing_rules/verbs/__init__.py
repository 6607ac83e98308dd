"""The verbs of `python -m pricing_rules`. Data goes to stdout, words about it to stderr."""
