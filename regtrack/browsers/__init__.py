"""What genome browsers read of a tracks folder: sessions, hubs, and a page of our own.

Knows tracks and reports; works without a network, and without torch.
"""
