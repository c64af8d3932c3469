"""What a training reads: a dataset folder, made from a genome and measured peaks.

Labels stay intervals until they are asked for. Nothing in this room needs torch.
"""
