"""Settings tried by halving: a space, trials in a study that survives kills, the best network."""
