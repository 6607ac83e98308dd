"""Views that somebody has given a name. They are addresses, kept in their browser."""
