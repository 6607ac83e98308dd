"""Which part of everybody's usage a page shows, as its address says."""
