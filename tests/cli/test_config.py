"""`regtrack.toml`, and which of option, variable, file and default wins."""

from __future__ import annotations

from pathlib import Path

import pytest

from regtrack.cli.config import NAME, find_config, read_config
from regtrack.cli.main import cli, run
from regtrack.errors import InputError
from regtrack.genome.measured import read_measured

VARIABLES = ("REGTRACK_MODEL", "REGTRACK_PREDICT_MODEL", "REGTRACK_GENOME", "REGTRACK_PEAKS")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder: nothing above it and nothing around it configures anything."""
    folder = tmp_path / "project"
    folder.mkdir()
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(folder)
    return folder


def write(folder: Path, text: str) -> Path:
    """The file, and checkpoints that it names, which are none."""
    for name in "file", "own", "home/a":
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / f"{name}.safetensors").write_bytes(b"nothing")
    path = folder / NAME
    path.write_text(text)
    return path


def settings_of(folder: Path, text: str) -> dict:
    return read_config(write(folder, text), cli.commands)


def complaint(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 1) -> str:
    """The last line on stderr of a command that fails."""
    assert run(arguments) == status
    return capsys.readouterr().err.strip().splitlines()[-1]


def model_used(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The checkpoint that `predict` looked for: its error names it, as none can be read."""
    line = complaint(capsys, "predict", "chr1", "--out", "t", "--device", "cpu", *arguments)
    path, found, _ = line.removeprefix("regtrack: ").partition(".safetensors: ")
    assert found
    return f"{path}{found[:-2]}"


TRAINED = '[train]\nout = "file.safetensors"\n'
BOTH = '[defaults]\nmodel = "file.safetensors"\ngenome = "file.fa"\n'


def test_without_option_variable_or_file_the_option_is_missing_and_so_is_the_file(
    project: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = ["predict", "chr1", "--out", "t", "--model", "x.safetensors"]
    missing = (
        "Missing option '--genome'. A FASTA file, or: regtrack fetch genome hg19, then regtrack "
        "init"
    )
    line = complaint(capsys, *arguments, status=2)
    assert line.endswith(f"{missing}; no regtrack.toml is here or above")
    write(project, TRAINED)
    assert complaint(capsys, *arguments, status=2).endswith(missing)


def test_the_file_is_enough(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(project, BOTH)
    assert model_used(capsys) == str(project / "file.safetensors")


def test_a_variable_wins_over_the_file(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(project, BOTH)
    monkeypatch.setenv("REGTRACK_MODEL", "variable.safetensors")
    assert model_used(capsys) == "variable.safetensors"


def test_an_option_wins_over_variable_and_file(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(project, BOTH)
    monkeypatch.setenv("REGTRACK_MODEL", "variable.safetensors")
    assert model_used(capsys, "--model", "option.safetensors") == "option.safetensors"


def test_an_empty_variable_is_none(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(project, BOTH)
    monkeypatch.setenv("REGTRACK_MODEL", "")
    assert model_used(capsys) == str(project / "file.safetensors")


def test_a_commands_own_table_wins_over_the_shared_one(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(project, BOTH + '[predict]\nmodel = "own.safetensors"\n')
    assert model_used(capsys) == str(project / "own.safetensors")


def test_a_table_of_another_command_is_not_used(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(project, BOTH + '[train]\nmodel = "dilated"\n')
    assert model_used(capsys) == str(project / "file.safetensors")


def test_a_variable_sets_any_option_of_one_command(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(project, BOTH + "[predict]\nwindow = 5000\n")
    monkeypatch.setenv("REGTRACK_PREDICT_WINDOW", "many")
    line = complaint(capsys, "predict", "chr1", "--out", "t", status=2)
    assert "'--window'" in line
    assert "'many'" in line


def test_a_value_of_the_file_is_checked_as_an_option_is(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(project, BOTH + "[predict]\nwindow = 0\n")
    line = complaint(capsys, "predict", "chr1", "--out", "t", status=2)
    assert "'--window'" in line


def test_the_file_is_found_from_a_subfolder_upward(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(project, BOTH)
    deep = project / "a" / "b"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    # Relative to the file, not to the working folder.
    assert model_used(capsys) == str(project / "file.safetensors")


def test_the_nearest_file_is_used(project: Path) -> None:
    write(project, BOTH)
    deep = project / "a" / "b"
    deep.mkdir(parents=True)
    nearest = write(project / "a", "")
    assert find_config(deep) == nearest
    assert find_config(project) == project / NAME


def test_a_folder_of_that_name_is_passed_over(project: Path) -> None:
    write(project, BOTH)
    (project / "a" / NAME).mkdir(parents=True)
    assert find_config(project / "a") == project / NAME


def test_an_empty_file_sets_nothing(project: Path) -> None:
    assert all(not settings for settings in settings_of(project, "").values())


def test_relative_paths_are_anchored_and_absolute_ones_kept(project: Path) -> None:
    found = settings_of(project, '[defaults]\ngenome = "../hg19.fa"\npeaks = "/data/peaks.tsv"\n')
    assert found["train"]["genome"] == str(project / "../hg19.fa")
    assert found["prepare"]["peaks"] == found["eval"]["peaks"] == "/data/peaks.tsv"


def test_a_shared_key_goes_only_where_a_command_has_it(project: Path) -> None:
    found = settings_of(project, '[defaults]\npeaks = "peaks.tsv"\n')
    having = {name for name, settings in found.items() if settings}
    assert having == {"doctor", "prepare", "thresholds", "eval", "browse", "session", "explain"}


def test_the_shared_model_is_a_checkpoint_and_not_a_network_to_train(project: Path) -> None:
    # `train --model` names an architecture; `[defaults] model` is the file for `predict`.
    found = settings_of(project, '[defaults]\nmodel = "model.safetensors"\n')
    assert found["predict"] == {"model": str(project / "model.safetensors")}
    assert found["train"] == {}


def test_an_argument_may_stand_in_the_file_too(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(project, BOTH + '[predict]\nregions = ["chr1"]\nout = "tracks"\n')
    assert complaint(capsys, "predict").startswith(f"regtrack: {project / 'file.safetensors'}: ")


def test_keys_are_written_as_the_options_are(project: Path) -> None:
    found = settings_of(
        project, '[predict]\nmax-error = 0.01\nany-genome = true\nmarkers = ["CTCF"]\n'
    )
    assert found["predict"] == {"max_error": 0.01, "any_genome": True, "markers": ["CTCF"]}


def test_a_region_is_a_path_where_such_a_file_lies_beside_the_configuration(
    project: Path,
) -> None:
    (project / "test.bed").touch()
    long = "x" * 300  # no disk takes it for a name
    found = settings_of(project, f'[eval]\nregion = ["chr1", "test.bed", "{long}"]\n')
    assert found["eval"] == {"regions": ["chr1", str(project / "test.bed"), long]}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[defaults\n", "not TOML: "),
        ('genome = "a.fa\n', "not TOML: "),
        ("[defaults]\n[defaults]\n", "not TOML: "),
        ("[forecast]\n", r"unknown table \[forecast\]; expected one of defaults, .*predict"),
        ('genome = "a.fa"\n', r"unknown table \[genome\]; expected one of defaults"),
        ("predict = 3\n", "predict"),
        ("defaults = 3\n", "defaults"),
        (
            '[defaults]\ngenom = "a.fa"\n',
            r"unknown key 'genom' in \[defaults\]; is genome meant\? Known are genome, model",
        ),
        ("[defaults]\nwindow = 5000\n", r"unknown key 'window' in \[defaults\]"),
        (
            "[predict]\nwidnow = 5000\n",
            r"unknown key 'widnow' in \[predict\]; is window meant\? Known are .*window",
        ),
        (
            "[predict]\nmax_error = 0.1\n",
            r"unknown key 'max_error' in \[predict\]; is max-error meant\? ",
        ),
        (
            "[defaults]\ngenom = 'a'\n[predict]\nwidnow = 1\nxyz = 2\nmax-error = 0.1\n",
            r"unknown keys: 'genom' in \[defaults\] \(is genome meant\?\), "
            r"'widnow' in \[predict\] \(is window meant\?\), 'xyz' in \[predict\]$",
        ),
        ("[train]\nminute = 3\n", r"unknown key 'minute' in \[train\]; is minutes meant\? "),
        ('[eval]\nmodel = "a.st"\n', r"unknown key 'model' in \[eval\]"),
        ("[defaults]\ngenome = 19\n", "genome"),
        ("[defaults]\ngenome = true\n", "genome"),
        ("[defaults.genome]\nhg19 = 1\n", "genome"),
        ("[predict]\nregions = [21, 22]\n", "regions"),
        ("[predict]\nmax-error = [1]\n", "expected a number as max-error"),
        ('[predict]\nwindow = "wide"\n', "expected a whole number as window"),
        ("[train]\nsteps = 2.5\n", "expected a whole number as steps"),
        ("[train]\nseed = 1979-01-01\n", "expected a whole number as seed"),
        ("[train]\ndropout = {a = 1}\n", "expected a number as dropout"),
        ("[predict]\nforce = 1\n", "expected true or false as force"),
        ("x = " + "[" * 5000 + "]" * 5000 + "\n", "not TOML: nested too deeply"),
        ("[train]\nsteps = " + "9" * 5000 + "\n", "not TOML: "),
        ('[defaults]\ngenome = "a\\u0000b"\n', "a path with a NUL byte; expected none"),
        ('[defaults]\ngenome = "~nobody-of-this-name/a.fa"\n', "no home folder"),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong(
    project: Path, capsys: pytest.CaptureFixture[str], text: str, problem: str
) -> None:
    path = write(project, text)
    with pytest.raises(InputError, match=problem) as caught:
        read_config(path, cli.commands)
    assert str(caught.value).startswith(f"{path}: ")
    # And on the command line that is one line, whatever the command.
    assert complaint(capsys, "models") == f"regtrack: {caught.value}"


def test_a_file_that_is_no_text_is_not_toml(project: Path) -> None:
    path = project / NAME
    path.write_bytes(b"\xff\xfe[defaults]")
    with pytest.raises(InputError, match=r"regtrack\.toml: not TOML: "):
        read_config(path, cli.commands)


def test_a_byte_order_mark_says_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(project, BOTH).write_bytes(b"\xef\xbb\xbf" + BOTH.encode())
    assert model_used(capsys) == str(project / "file.safetensors")


def test_a_link_that_leads_nowhere_is_named(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / NAME).symlink_to(project / "gone.toml")
    line = complaint(capsys, "models")
    assert line == f"regtrack: {project / NAME}: is a broken link; expected a file"


def test_a_number_too_large_to_compute_with_is_a_wrong_option(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(project, BOTH + f"[predict]\nwindow = {10**20}\n")
    line = complaint(capsys, "predict", "chr1", "--out", "t", status=2)
    assert "'--window'" in line
    assert "100000000000000000000 is not in the range" in line


def test_a_home_folder_may_stand_wherever_a_path_does(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(project / "home"))
    model = str(project / "home" / "a.safetensors")
    given = ("--genome", "g.fa")
    assert model_used(capsys, "--model=~/a.safetensors", *given) == model
    monkeypatch.setenv("REGTRACK_MODEL", "~/a.safetensors")
    assert model_used(capsys, *given) == model
    monkeypatch.delenv("REGTRACK_MODEL")
    write(project, '[defaults]\nmodel = "~/a.safetensors"\n')
    assert model_used(capsys, *given) == model


def test_a_home_folder_of_nobody_is_named(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = complaint(capsys, "info", "~nobody-of-this-name/tracks")
    assert line == (
        "regtrack: ~nobody-of-this-name/tracks: there is no home folder ~nobody-of-this-name"
    )
    (project / "~nobody-of-this-name").write_text("a file that is called so")
    assert "nothing that regtrack made" in complaint(capsys, "info", "~nobody-of-this-name")


def test_a_working_folder_that_was_removed_is_told_in_one_line(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = project / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    for command in cli.commands:
        line = complaint(capsys, command, *["x"] * (command == "fetch"))
        assert line == "regtrack: .: the working folder was removed; cd into one that exists"


def test_a_single_word_does_for_a_list_of_one(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # As on the command line, where one region needs no brackets.
    write(project, '[predict]\nmarkers = "CTCF"\n' + BOTH)
    assert model_used(capsys) == str(project / "file.safetensors")


@pytest.mark.parametrize(
    ("variable", "arguments"),
    [
        ("REGTRACK_TRAIN_MODEL", ["train", "--out", "x"]),
        ("REGTRACK_TRAIN_VALIDATE_EVERY", ["train", "--out", "x"]),
        ("REGTRACK_TRAIN_F1", ["train", "--out", "x"]),
        ("REGTRACK_TRAIN_REVERSE_COMPLEMENT", ["train", "--out", "x"]),
        ("REGTRACK_PREDICT_WINDOW", ["predict", "chr1"]),
    ],
)
def test_variables_are_named_as_the_options_are(variable: str, arguments: list[str]) -> None:
    names = {
        name
        for option in cli.commands[arguments[0]].params
        for name in (option.envvar if isinstance(option.envvar, list) else [option.envvar])
    }
    assert variable in names


def test_the_shared_model_may_be_a_network_by_name(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REGTRACK_CACHE", str(project / "cache"))
    write(project, BOTH.replace('model = "file.safetensors"', 'model = "deepsea"'))
    assert run(["predict", "chr1", "--out", "t"]) == 2
    said = capsys.readouterr().err
    assert "--model: deepsea is not there yet: regtrack fetch model deepsea" in said


def test_a_model_of_the_file_that_is_still_to_be_trained_leaves_the_one_that_comes_along(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(project, BOTH + TRAINED)
    later = project / "file.safetensors"
    later.unlink()
    assert run(["predict", "chr1", "--out", "t", "--device", "cpu"]) == 1
    told = capsys.readouterr().err
    assert f"{later}: not there yet (regtrack train makes it); demo is taken" in told
    assert "file.fa: no such file; expected FASTA" in told
    # Named by hand, or by a command of its own, it is what is meant.
    typed = ["predict", "chr1", "--out", "t", "--model", "file.safetensors"]
    assert run(typed) == 1
    assert (
        "file.safetensors: no such checkpoint; regtrack train makes one" in capsys.readouterr().err
    )
    # All shards of a plan would be those of another network.
    assert run(["predict", "chr1", "--out", "t", "--device", "cpu", "--shards", "3"]) == 1
    assert capsys.readouterr().err == (
        f"regtrack: {later}: not there yet (regtrack train makes it), and shards are planned for "
        "no other that is not named: --model\n"
    )


@pytest.mark.parametrize(
    ("more", "which"), [(TRAINED.replace('out = "', 'out = "my_'), True), ("", False)]
)
def test_a_slip_in_the_name_of_the_model_is_an_error_and_no_other_network_predicts(
    project: Path, capsys: pytest.CaptureFixture[str], more: str, which: bool
) -> None:
    write(project, BOTH + more)
    (project / "file.safetensors").unlink()
    assert run(["predict", "chr1", "--out", "t", "--device", "cpu"]) == 1
    trained = f", which is {project / 'my_file.safetensors'}" if which else ""
    assert capsys.readouterr().err == (
        f"regtrack: {project / 'file.safetensors'}: no such checkpoint; regtrack.toml names it as "
        f"model, and it is not the out of its [train]{trained}\n"
    )
    assert not (project / "t.partial").exists()


@pytest.mark.parametrize("peaks", ["peaks", "peaks/*.bed", "peaks/a.bed"])
def test_peaks_of_the_file_may_be_a_folder_or_a_pattern_and_are_found_from_anywhere(
    project: Path, monkeypatch: pytest.MonkeyPatch, peaks: str
) -> None:
    (project / "peaks").mkdir()
    (project / "peaks" / "a.bed").touch()
    (project / "below").mkdir()
    found = settings_of(project, f'[defaults]\npeaks = "{peaks}"\n')["prepare"]["peaks"]
    monkeypatch.chdir(project / "below")
    assert [one.file for one in read_measured(Path(found))] == [str(project / "peaks" / "a.bed")]
