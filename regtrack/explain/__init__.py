"""What a network looked at: gradients of its predictions, back to the bases that it read.

One marker on one stretch, as the paper's figure 2 has it, or the effective context of every
marker. Knows torch and matplotlib.
"""
