"""The calls of a subject, and one call with its explanation. Knows no other resource."""
