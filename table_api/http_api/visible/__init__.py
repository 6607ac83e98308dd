"""The reads of what belongs to people, each narrowed to what the caller may see."""
