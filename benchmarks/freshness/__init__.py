"""How long it takes until a call and its cost can be seen."""
