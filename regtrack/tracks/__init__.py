"""Segments and track files: how they are encoded, written and read. Works without torch.

A tracks folder holds `tracks.json`, `predicted.bed`, `bigwig/` and `peaks/`.
"""
