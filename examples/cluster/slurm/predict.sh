#!/bin/bash
# Tracks by a job array of SLURM: bash predict.sh OUT SHARDS FILE_SHARDS REGION... [OPTION...]
# sbatch reads $SBATCH_PARTITION, $SBATCH_ACCOUNT and $SBATCH_TIMELIMIT itself; $SHARD_OPTIONS are for what predicts.
# $CPUS are the cores of each job, $MEM its memory; what each says is in OUT.logs/.
# Given again, it goes on where jobs failed, were cancelled, or ran out of time. Shards without work are not submitted.
set -eu
out=$1 n=$2 m=$3
mkdir -p "$out.logs"
array() { sbatch --parsable --requeue --cpus-per-task="${CPUS:-2}" --mem="${MEM:-4G}" --output="$out.logs/%x-%j.out" --open-mode=append "$@"; }
planned=$(regtrack predict "${@:4}" --out "$out" --shards "$n" --json)
work=$(python3 -c 'import json, sys; print(*json.load(sys.stdin).get("shards", {}).get("with_work", []), sep=",")' <<< "$planned")
[ -n "$work" ] || { echo "$out: finished already"; exit; }
shards=$(array ${SHARD_OPTIONS:-} --job-name=predict --array="$work" --wrap "regtrack predict --shard \$SLURM_ARRAY_TASK_ID/$n --out '$out'")
files=$(array --job-name=files --array="1-$m" --dependency="afterok:$shards" --kill-on-invalid-dep=yes --wrap "regtrack finish '$out' --shard \$SLURM_ARRAY_TASK_ID/$m")
array --job-name=finish --dependency="afterok:$files" --kill-on-invalid-dep=yes --wrap "regtrack finish '$out'"
