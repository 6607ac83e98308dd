"""Verbs that ask more than one package."""
