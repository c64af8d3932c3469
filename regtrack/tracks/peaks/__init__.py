"""Peak calling, all of it: what is promised (`rules`), the one loop that finds runs of bases at or
above thresholds and joins them (`runs`), who feeds it (`callers`; `block_peaks`, with summits), how
parts of peaks become whole (`called`), and the files that they are written to (`files`).
"""
