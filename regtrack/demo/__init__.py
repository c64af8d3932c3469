"""The demo: real human DNA that comes with regtrack, or a simulated genome with known regulation.

It stands above training, prediction and scoring and uses them as the commands do.
"""
