"""What the pages of models work out."""
