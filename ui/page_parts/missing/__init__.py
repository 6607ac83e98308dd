"""What the page "Is anything missing?" is made of: its verdict, its hours, its tables."""
