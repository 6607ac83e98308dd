"""The demonstration: every process, real traffic, one box. It may import everything else here."""
