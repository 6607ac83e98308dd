"""Who looked at whose calls. Knows no other resource."""
