#!/usr/bin/env bash
# Train on parts of four chromosomes, predict chr22, score a stretch that no training saw.
# Started again after a stop, each step goes on where it was.
set -euo pipefail
cd "$(dirname "$0")"
[ -d dataset ] || regtrack prepare --out dataset/
[ -f model.safetensors ] || regtrack train dataset/ --out model.safetensors --minutes "${MINUTES:-30}"
[ -d tracks ] || regtrack predict chr22 --out tracks/
regtrack eval tracks/ --region chr22:20,609,432-22,000,000 --out report/
