"""What is read: sequence (FASTA), regions, the table of markers, measured peaks.

Everything else speaks of the genome in this room's words: `Genome`, `Interval`,
`IntervalSet`, `Marker`. Coordinates are 0-based and half-open.
"""
