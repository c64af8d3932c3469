"""Cross-validation: networks trained on folds of a dataset, tested on what they never saw.

Decides which of two networks, or which of two recipes, is better, and how sure that is.
"""
