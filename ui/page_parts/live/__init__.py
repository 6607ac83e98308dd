"""What the page Live is made of: the newest calls, their rate, and the pause while one reads."""
