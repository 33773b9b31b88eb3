"""Trials of the whole: what goes wrong at random, and whether the promises hold all the same."""
