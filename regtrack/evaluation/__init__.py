"""Scores against measured peaks: numbers and reports. Works without torch.

A ranking of bases by predicted value goes in, PR AUC and its companions come out.
"""
