"""People, and the cost centres that an import moved. Knows no other resource."""
