"""What the page of traces is made of: sessions, their calls, and one call as a waterfall."""
