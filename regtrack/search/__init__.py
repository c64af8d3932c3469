"""Searches over settings: the space, the trials, the best network and training.

Several processes share a study; a killed one loses at most its trial.
"""
