"""Tests of the small client of Table Storage."""
