"""The kernels for GPUs make the segments and counts that those for CPUs make, byte for byte.

They run in Triton's interpreter.
"""

from __future__ import annotations

from pathlib import Path

from interpreting import interpret, needs_triton


@needs_triton
def test_segments_are_those_of_the_cpu() -> None:
    interpret("compare_segments")


@needs_triton
def test_blocks_are_those_of_a_worker_process(tmp_path: Path) -> None:
    interpret("compare_blocks", str(tmp_path))


@needs_triton
def test_counts_are_those_of_a_worker_process(tmp_path: Path) -> None:
    interpret("compare_counts", str(tmp_path))


@needs_triton
def test_a_run_on_one_device_goes_on_with_two_and_the_other_way_round(
    tmp_path: Path,
) -> None:
    interpret("compare_teams", str(tmp_path))


@needs_triton
def test_labels_counts_and_ranks_are_those_of_the_cpu() -> None:
    interpret("compare_kernels")


@needs_triton
def test_a_device_on_which_all_works_has_no_problem() -> None:
    interpret("probe_a_device")


@needs_triton
def test_a_plan_tells_what_the_gpu_does_from_what_processes_do(tmp_path: Path) -> None:
    interpret("time_stages", str(tmp_path))


@needs_triton
def test_where_memory_runs_out_half_as_much_is_predicted_at_a_time(tmp_path: Path) -> None:
    interpret("run_out_of_memory", str(tmp_path))


def test_without_triton_one_line_says_what_to_do(tmp_path: Path) -> None:
    interpret("expect_advice", str(tmp_path))
