"""From a genome and measured peaks to a dataset folder, and back: what a training reads.

Labels stay intervals until they are asked for. Nothing in this room needs torch.
"""
