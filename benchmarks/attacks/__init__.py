"""Generators that try to make the product wrong, each with an oracle of its own."""
