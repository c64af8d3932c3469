"""examples/cluster: its scripts make what one command makes, and ask for no option that is not."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from builders import TinyWorld
from cli_helpers import files_of, predict_arguments

from regtrack.cli.main import cli

CLUSTER = Path(__file__).parent.parent / "examples" / "cluster"
SCRIPTS = sorted(CLUSTER.rglob("*.sh"))
WITH_COMMANDS = [*SCRIPTS, CLUSTER / "Snakefile", CLUSTER / "kubernetes.yaml"]

# Stands in for sbatch: runs a job, or each of an array, at once, and writes down what it was asked
# for. A job that waits for one that failed is not run.
SBATCH = r"""#!/bin/bash
numbers=1-1 waits="" command=""
echo "$*" >> "$BED/calls"
while [ $# -gt 0 ]; do
  case $1 in
    --array=*) numbers=${1#*=} ;;
    --dependency=afterok:*) waits=${1##*:} ;;
    --wrap) command=$2; shift ;;
  esac
  shift
done
id=$(wc -l < "$BED/calls")
echo "$id"
[ -z "$waits" ] || [ -e "$BED/done.$waits" ] || exit 0
for part in ${numbers//,/ }; do
  for number in $(seq "${part%-*}" "${part#*-}"); do
    SLURM_ARRAY_TASK_ID=$number bash -c "$command" >> "$BED/log" 2>&1 || failed=yes
  done
done
[ -n "$failed" ] || touch "$BED/done.$id"
"""


@pytest.fixture
def bed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an `sbatch`, and with this very `regtrack`, that are found first."""
    folder = tmp_path / "bed"
    folder.mkdir()
    regtrack = (
        f'#!/bin/bash\n[ ! -e "$BED/fails" ] || exit 1\nexec {sys.executable} -m regtrack "$@"\n'
    )
    for name, text in {"sbatch": SBATCH, "regtrack": regtrack}.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    monkeypatch.setenv("BED", str(folder))
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(CLUSTER.parent.parent))
    return folder


def _options_of(name: str) -> set[str]:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None, name
    options = command.get_params(click.Context(command))
    return {name for one in options for name in (*one.opts, *one.secondary_opts)}


def _commands(text: str) -> list[list[str]]:
    """Name and options of each `regtrack ...`; a string that goes on in the next line is one."""
    whole = re.sub(r'"\n\s+"', "", text).replace("\\\n", " ")
    found = re.findall(r"\bregtrack ([a-z]+)\b([^\n>'\"|]*)", whole)
    return [[name, *re.findall(r"--[a-z][a-z-]*", rest)] for name, rest in found]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_is_one_for_bash(script: Path) -> None:
    checked = subprocess.run(["bash", "-n", script], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize("file", WITH_COMMANDS, ids=lambda path: path.name)
def test_every_command_of_an_example_has_the_options_that_it_is_given(file: Path) -> None:
    commands = _commands(file.read_text(encoding="utf-8"))
    assert commands
    for name, *options in commands:
        assert set(options) <= _options_of(name), name


def _submit(out: Path, tiny: TinyWorld) -> str:
    """What the script prints of a job in three shards, of which the second has no work."""
    _, *options = predict_arguments(tiny, out)
    at = options.index("--out")
    words = [str(word) for word in (*options[:at], *options[at + 2 :])]
    script = CLUSTER / "slurm" / "predict.sh"
    done = subprocess.run(
        ["bash", script, out, "3", "1", *words], check=True, capture_output=True, text=True
    )
    return done.stdout


def test_an_array_of_slurm_makes_the_files_of_one_command(
    tiny: TinyWorld, bed: Path, tmp_path: Path
) -> None:
    arguments = [str(word) for word in predict_arguments(tiny, tmp_path / "one")]
    cli.main(arguments, standalone_mode=False)
    _submit(tmp_path / "many", tiny)
    assert files_of(tmp_path / "many") == files_of(tmp_path / "one")
    first, second, last = (shlex.split(line) for line in (bed / "calls").read_text().splitlines())
    assert {"--array=1,3", "--mem=4G", f"--output={tmp_path / 'many'}.logs/%x-%j.out"} <= set(first)
    assert "--open-mode=append" in first  # a job that comes back keeps what it said before
    assert (tmp_path / "many.logs").is_dir()
    assert {"--array=1-1", "--dependency=afterok:1"} <= set(second)
    assert "--dependency=afterok:2" in last
    assert not any(word.startswith("--array") for word in last)
    # Given once more, it submits nothing.
    assert _submit(tmp_path / "many", tiny) == f"{tmp_path / 'many'}: finished already\n"
    assert len((bed / "calls").read_text().splitlines()) == 3


def test_a_workflow_lists_the_jobs_of_every_run(tmp_path: Path) -> None:
    snakemake = shutil.which("snakemake")
    if snakemake is None:
        pytest.skip("no snakemake")
    settings = (CLUSTER / "config.yaml").read_text(encoding="utf-8")
    for name, value in {
        "models": "{a: a.safetensors, b: b.safetensors}",
        "genomes": "{one: 1.fa, two: 2.fa}",
        "shards": "3",
        "finish_shards": "2",
        "url": "https://example.org/hub",
    }.items():
        settings, replaced = re.subn(
            rf"^{name}:.*\n(  .*\n)*", f"{name}: {value}\n", settings, count=1, flags=re.M
        )
        assert replaced, name
    (tmp_path / "config.yaml").write_text(settings, encoding="utf-8")
    shown = subprocess.run(
        [
            *(snakemake, "--dry-run", "--cores", "1", "--directory", tmp_path),
            *("--snakefile", CLUSTER / "Snakefile"),
        ],
        capture_output=True,
        text=True,
        check=False,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
    )
    assert shown.returncode == 0, shown.stderr
    counts = dict(re.findall(r"^(\w+) +(\d+)$", shown.stdout + shown.stderr, re.MULTILINE))
    jobs = {"plan": 4, "shard": 12, "finish_shard": 8, "finish": 4, "report": 4, "hub": 1, "all": 1}
    assert counts == {name: str(number) for name, number in {**jobs, "total": 34}.items()}
