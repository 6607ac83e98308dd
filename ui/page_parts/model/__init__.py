"""What the page of models is made of: the list, one model's calls, and a what-if."""
