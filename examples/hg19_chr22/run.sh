#!/usr/bin/env bash
# Train on parts of four chromosomes, predict chr22, score a stretch that no training saw.
# Started again after a stop, each step goes on where it was.
set -euo pipefail
cd "$(dirname "$0")"
[ -d dataset ] || regtrack prepare --out dataset/
[ -f model.safetensors ] || regtrack train dataset/ --out model.safetensors --minutes "${MINUTES:-30}"
[ -d tracks ] || regtrack predict chr22 --out tracks/
# The tracks as they are written, and the model itself, on what it was not trained on.
regtrack eval tracks/ --region chr22:20,609,432-22,000,000 --out report/ --force
regtrack eval model.safetensors --dataset dataset/ --out exact-report/ --force
# What it looked at to find two peaks.
regtrack explain model.safetensors chr22:21,330,001-21,361,000 --marker 'gm12878|H3K4me3*' \
  --out looked/ --force
