"""Files of exactly what is on screen."""
