"""What all answers share. Knows no resource."""
