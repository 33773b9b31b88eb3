"""The random walks: stories that Hypothesis makes up, told on skipped time."""
