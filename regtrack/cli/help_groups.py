"""Under which heading help lists an option, for all commands in one place."""

from __future__ import annotations

REQUIRED = "Required"
ADVANCED = "Advanced"

_INPUT = "Input"
_OUTPUT = "Output"
_WINDOWS = "Windows and splits"
_TRAINING = "Training"
_COST = "What it costs"

# In the order in which help shows them.
GROUPS = (REQUIRED, _INPUT, _WINDOWS, _TRAINING, _OUTPUT, _COST, ADVANCED)

_OPTIONS = {
    _INPUT: (
        *("--model", "--genome", "--genes", "--peaks", "--markers", "--marker", "--all", "--from"),
        *(
            "--region",
            "--dataset",
            "--split",
            "--exclude",
            "--report",
            "--weights",
            "--reference",
            "--against",
        ),
        *("--space", "--task", "--deepsea", "--mappability", "--category", "--assembly"),
        *("--include-training", "--any-genome", "--table", "--check"),
    ),
    _WINDOWS: (
        "--folds",
        "--window",
        "--train",
        "--valid",
        "--test",
        "--max-unknown",
        "--max-excluded",
    ),
    _TRAINING: (
        *("--steps", "--epochs", "--minutes", "--patience", "--batch-size", "--learning-rate"),
        *("--schedule", "--sampler", "--trials", "--seeds"),
    ),
    _OUTPUT: (
        *("--max-error", "--floor", "--step"),
        *("--peak-threshold", "--threshold"),
        *("--out", "--export", "--tsv", "--style", "--scale", "--url", "--email", "--port"),
        *("--open", "--force"),
    ),
    _COST: (
        *("--plan", "--dry-run", "--samples", "--workers", "--threads", "--device", "--jobs"),
        *("--shards", "--shard"),
    ),
    ADVANCED: (
        *("--networks", "--clip", "--unknown", "--seed", "--isa", "--any-cpu", "--verify"),
        *("--min-mappability", "--reference-scores", "--offline", "--mirror"),
        *("--positive-weight", "--reverse-complement", "--shift", "--precision"),
        *("--warmup", "--loss-step", "--repeats"),
        *("--validate-every", "--norm-batches", "--save-minutes", "--tensorboard"),
        *("--kernel", "--f1", "--f2", "--f3", "--hidden", "--stride", "--dropout"),
        *("--norm-decay", "--set", "--max-gap", "--min-length", "--log", "--json"),
    ),
}
_GROUP_OF = {option: title for title, options in _OPTIONS.items() for option in options}
_PLACES = {option: place for place, option in enumerate(_GROUP_OF)}

# Arguments that a command asks for in its own way, and options that are another thing to it.
_OF_COMMAND = {
    ("predict", "regions"): REQUIRED,
    ("predict", "--window"): ADVANCED,
    ("predict", "--batch-size"): ADVANCED,
    ("predict", "--include-training"): ADVANCED,
    ("eval", "subject"): REQUIRED,
    ("eval", "--step"): ADVANCED,
    ("thresholds", "--step"): ADVANCED,
    ("browse", "tracks"): REQUIRED,
    ("hub", "tracks"): REQUIRED,
    ("hub", "--url"): REQUIRED,
    ("hub", "--email"): REQUIRED,
    ("demo", "--train"): _COST,
    ("crossval", "--epochs"): ADVANCED,
    ("crossval", "--patience"): ADVANCED,
    ("crossval", "--batch-size"): ADVANCED,
    ("crossval", "--learning-rate"): ADVANCED,
    ("crossval", "--schedule"): ADVANCED,
    ("crossval", "--genome"): ADVANCED,
    ("crossval", "--device"): ADVANCED,
    ("prepare", "--split"): _WINDOWS,
    ("prepare", "--max-unknown"): ADVANCED,
    ("prepare", "--max-excluded"): ADVANCED,
}


def group_of(command: str, name: str) -> str:
    """The heading of an option, by its first name, or of an argument that may be left out."""
    own = _OF_COMMAND.get((command, name))
    return own or _GROUP_OF.get(name, _INPUT)


def place_of(name: str) -> int:
    """By which the options of a group are sorted; arguments come first."""
    return _PLACES.get(name, -1)


def listed_options() -> frozenset[str]:
    """All options that have a heading here, whatever the command."""
    return frozenset(_GROUP_OF)
