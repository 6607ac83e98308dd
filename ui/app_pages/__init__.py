"""What the pages show. `usage.py` is the page; the others are its views."""
