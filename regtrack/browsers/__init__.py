"""For genome browsers: sessions, hubs, and a page of our own, made of a tracks folder.

Knows tracks and reports; works without a network, and without torch.
"""
