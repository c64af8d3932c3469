"""Peak calling, all of it: what is promised (`rules`), how runs of bases at or above a threshold
are found and joined (`callers`, `called`), the peaks of a block's tracks with their summits
(`block_peaks`), and the files that they are written to (`files`).
"""
