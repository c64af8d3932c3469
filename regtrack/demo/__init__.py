"""The demo: a simulated genome whose regulation is known, and the whole job on it.

It stands above training, prediction and evaluation and uses them as the commands do.
"""
