"""Who the caller is, and what is their own."""
