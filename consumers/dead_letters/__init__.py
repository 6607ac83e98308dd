"""Letters that could not be read: kept, shown, sent again. Imports `decoding` and `receiving`."""
