"""Scores against peaks: counts, rankings, PR AUC and its companions, of probabilities or tracks.

Knows numpy; works without torch, and draws nothing.
"""
