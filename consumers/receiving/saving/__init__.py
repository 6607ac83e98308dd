"""How far a partition is: the progress row, the checkpoint that follows it, and when both go."""
