"""The demonstration: every process, real traffic, one box. Above all else here."""
