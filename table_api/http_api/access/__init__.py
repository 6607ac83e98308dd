"""Who may ask, and what one question is about. Knows no resource."""
