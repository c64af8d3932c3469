"""What a training reads: a dataset folder, made from a genome and measured peaks.

Labels stay intervals until the bases of a window are read. Nothing in this room needs torch.
"""
