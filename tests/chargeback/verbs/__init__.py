"""Tests of the verbs that ask more than one package."""
