"""The networks of the paper: their layers, the context they need, their checkpoints.

A network maps coded bases (batch, length) to logits (batch, markers, length).
"""
