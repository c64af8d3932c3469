#!/bin/sh
# The network that comes with regtrack: trained on stretches of hg19 that `regtrack demo` does not
# show. Run in a folder whose regtrack.toml is that of examples/hg19_chr22.
set -e
regtrack prepare --out dataset
# Validated at the end only: of many validations on one stretch, the best is the best by luck.
OMP_NUM_THREADS=1 regtrack train dataset --model u-net --steps 2500 --validate-every 2500 --seed 1 \
    --device cpu --out model.safetensors
