"""From sequence to tracks: windows, the forward pass, segments, block by block.

`make_job` (job.py) checks, `run` (run.py) does the whole job.
"""
