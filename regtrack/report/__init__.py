"""Scores as people read them: tables, plots, comparisons, and one page that opens anywhere.

Knows matplotlib; works without torch.
"""
