#!/bin/sh
# The network that comes with regtrack: trained on stretches of hg19 that `regtrack demo` does not
# show. Run in a folder whose regtrack.toml is that of examples/hg19_chr22.
set -e
regtrack prepare --out dataset
regtrack train dataset --model dilated --dropout 0.25 --minutes 62 --validate-every 300 --seed 1 \
    --out model.safetensors
