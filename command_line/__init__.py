"""What all commands share: help pages, values from text, settings, errors that name the mistake.

Imports nothing of ours; only verbs and `__main__` import it.
"""
