"""What is downloaded: a genome, the markers' measured peaks, regions to exclude.

Complete or absent, checked against what was published and against what came before.
"""
