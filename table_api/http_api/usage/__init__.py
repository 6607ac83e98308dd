"""Usage and cost, by everybody and by subject. Knows no other resource."""
