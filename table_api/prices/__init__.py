"""The prices of the book in use, with their sources, as table `prices` holds them."""
