"""The usage objects of every model API as disjoint counts. Imports `types` and `units` alone."""
