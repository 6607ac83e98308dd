"""What the pages say about spend: the headline of a month, models, what changed."""
