"""What a re-rating run changes."""
