"""Tracks: segments and the files they are written to and read from. Works without torch.

A tracks folder holds `tracks.json`, `predicted.bed`, `bigwig/` and `peaks/`.
"""
