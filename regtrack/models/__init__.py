"""The networks: layers, the context they need, checkpoints; the paper's and one's own.

A network maps coded bases (batch, length) to logits (batch, markers, length).
"""
