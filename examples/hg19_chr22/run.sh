#!/usr/bin/env bash
# Train on parts of four chromosomes, predict chr22, score a stretch that no training saw.
set -euo pipefail
cd "$(dirname "$0")"
regtrack train --out model.safetensors --minutes "${MINUTES:-30}"
regtrack predict chr22 --out tracks/
regtrack eval tracks/ --region chr22:20,609,432-22,000,000 --out report/
