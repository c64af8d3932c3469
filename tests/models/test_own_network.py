"""A plain torch.nn.Module as a network: what it may declare, and what is refused."""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from builders import TINY_SIZES, random_sequence, write_fasta
from own_networks import EXAMPLES, TINY, own_network, write_network
from stretches import predicted_stretches

from regtrack.errors import ArgumentError, InputError
from regtrack.genome.fasta import Genome
from regtrack.genome.intervals import IntervalSet
from regtrack.models.catalog import find_architecture
from regtrack.models.inference import for_inference
from regtrack.models.named_code import allowing_code
from regtrack.models.network import Context, Network
from regtrack.models.own_network import OwnNetwork
from regtrack.notes import heard

CODES = torch.tensor([[0, 1, 2, 3, 4, 4, 3, 2]], dtype=torch.int32)


def reading(attributes: str, body: str, path: Path) -> Network:
    """A network without weights whose only marker is `body`."""
    text = f"""
    import torch
    from torch import nn

    class Reader(nn.Module):
        {attributes}
        def __init__(self, markers):
            super().__init__()
        def forward(self, x):
            return {body}
    """
    return own_network(write_network(path / "reader.py", text), "Reader", 1)


def predicted(network: Network, codes: torch.Tensor = CODES) -> list[float]:
    with torch.no_grad():
        return network(codes)[0, 0].tolist()


def test_it_reads_codes_where_it_declares_nothing(tmp_path: Path) -> None:
    network = reading("pass", "x[:, None].float()", tmp_path)
    assert predicted(network) == [0, 1, 2, 3, 4, 4, 3, 2]
    assert network.reads_codes
    assert network.context == Context()


@pytest.mark.parametrize("order", ["ACGT", "TGCA", "AGCT"])
def test_it_reads_one_hot_bases_in_the_order_that_it_declares(tmp_path: Path, order: str) -> None:
    network = reading(
        f"reads = '{order}'", "(x * torch.arange(1., 5)[:, None]).sum(1)[:, None]", tmp_path
    )
    of_base = {"N": 0} | {base: place for place, base in enumerate(order, start=1)}
    assert predicted(network) == [of_base[base] for base in "NACTGGTC"]


def test_an_n_is_what_it_declares_in_all_four_channels(tmp_path: Path) -> None:
    network = reading("reads = 'ACGT'; n_value = 0.25", "x.square().sum(1)[:, None]", tmp_path)
    assert predicted(network) == [0.25, 1, 1, 1, 1, 1, 1, 1]


def test_a_bin_is_one_value_for_its_bases(tmp_path: Path) -> None:
    network = reading("bin = 4", "x.float().view(len(x), 1, -1, 4).sum(3)", tmp_path)
    assert predicted(network) == [6, 6, 6, 6, 13, 13, 13, 13]
    assert network.context == Context(left=3, right=3, stride=4)
    with torch.no_grad():
        body = network.body(CODES)
        assert network.logits(body, 3, 6)[0, :, 0].tolist() == [6, 13, 13]


def test_probabilities_stay_what_they_are(tmp_path: Path) -> None:
    network = reading("returns = 'probabilities'", "x[:, None] / 4.0", tmp_path)
    with torch.no_grad():
        found = network(CODES).sigmoid()[0, 0]
    expected = torch.tensor([0, 0.25, 0.5, 0.75, 1, 1, 0.75, 0.5])
    torch.testing.assert_close(found, expected, atol=2e-7, rtol=0)


def test_a_signal_stays_what_it_is(tmp_path: Path) -> None:
    network = reading("returns = 'signal'; range = 4", "x[:, None] * 3.0", tmp_path)
    assert isinstance(network, OwnNetwork)
    assert network.is_signal
    assert network.contract.ranges(2) == (4.0, 4.0)
    assert predicted(network) == [0, 3, 6, 9, 12, 12, 9, 6]
    with torch.no_grad():
        values = network.values(network.logits(network.body(CODES), 2, 5))
    assert values[0, :, 0].tolist() == [6, 9, 12]


def test_a_declared_context_is_taken_and_one_too_short_is_no_bound(tmp_path: Path) -> None:
    body = "nn.functional.pad(x, (7, 7)).float().unfold(1, 15, 1).mean(2)[:, None]"
    assert reading("pass", body, tmp_path).context == Context(left=7, right=7)
    longer = reading("left = 9; right = 12", body, tmp_path)
    assert longer.context == Context(left=9, right=12)
    shorter = reading("left = 7; right = 6", body, tmp_path)
    assert shorter.context == Context(left=7, right=6, exact=False)


def test_what_an_instance_declares_goes_before_its_class(tmp_path: Path) -> None:
    path = write_network(
        tmp_path / "own.py",
        """
        from torch import nn
        class Strided(nn.Module):
            reads = "ACGT"
            def __init__(self, markers, *, stride: int = 16):
                super().__init__()
                self.stride = stride
                self.down = nn.Conv1d(4, 8, stride, stride=stride)
                self.around = nn.Conv1d(8, 8, 3, padding=1)
                self.up = nn.ConvTranspose1d(8, markers, stride, stride=stride)
            def forward(self, x):
                return self.up(self.around(self.down(x)))
        """,
    )
    # A step sees the one before and the one behind: its last base 2 * stride - 1 on the left.
    for stride in (16, 10):
        network = own_network(path, "Strided", stride=stride)
        context = Context(left=2 * stride - 1, right=2 * stride - 1, stride=stride)
        assert network.context == context


def test_weights_that_begin_as_0_hide_no_context(tmp_path: Path) -> None:
    path = write_network(
        tmp_path / "own.py",
        """
        from torch import nn
        class Zero(nn.Module):
            reads = "ACGT"
            def __init__(self, markers):
                super().__init__()
                self.output = nn.Conv1d(4, markers, 9, padding=4)
                nn.init.zeros_(self.output.weight)
            def forward(self, x):
                return self.output(x)
        """,
    )
    network = own_network(path, "Zero")
    assert network.context == Context(left=4, right=4)
    assert not network.module.output.weight.any()


def test_measuring_changes_no_random_number_of_a_training(tmp_path: Path) -> None:
    path = write_network(tmp_path / "own.py", TINY)
    architecture = find_architecture("dense", f"{path}:Tiny")
    found = []
    for _ in range(2):  # the first measures, the second remembers
        torch.manual_seed(3)
        network = architecture.build(2)
        found.append(torch.cat([*(part.flatten() for part in network.parameters()), torch.rand(1)]))
    assert torch.equal(*found)


def test_markers_that_are_not_asked_for_are_left_out(tmp_path: Path) -> None:
    path = write_network(tmp_path / "own.py", TINY)
    network = own_network(path, "Tiny", 4)
    codes = torch.randint(0, 5, (2, 300))
    with torch.no_grad():
        expected = network(codes)
        network.keep_markers([3, 1])
        assert torch.equal(for_inference(network)(codes), expected[:, [3, 1]])


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("my_networks.py", "MyNet"),
        ("outside_model.py", "Wrapped"),
        ("outside_signal.py", "Expected"),
    ],
)
def test_the_examples_have_no_seams(tmp_path: Path, file: str, name: str) -> None:
    network = own_network(EXAMPLES / file, name, 3)
    if name == "Expected":  # some hundred reads, or they would be hardly any at a base
        torch.nn.init.constant_(network.module.model.counts.bias, 6.0)
    random = np.random.default_rng(1)
    sequence = random_sequence(random, 9_001)
    genome = Genome(write_fasta(tmp_path / "g.fa", {"chr1": sequence}))
    found = []
    for window in (None, 2_048, 1_600):
        whole = IntervalSet.of([0], [9_001])
        parts = [
            one.probabilities
            for one in predicted_stretches(network, genome, "chr1", whole, window=window)
        ]
        found.append(np.concatenate(parts, axis=1))
    assert found[0].shape == (3, 9_001)
    assert found[0].std() > 1e-3
    for other in found[1:]:
        np.testing.assert_allclose(other, found[0], atol=1e-4 / 4)


def test_a_class_goes_by_its_name_where_its_file_is_named(tmp_path: Path) -> None:
    path = write_network(tmp_path / "own.py", TINY)
    with pytest.raises(ArgumentError, match=r"no network 'Tiny' .*hybrid, or FILE\.py:CLASS"):
        find_architecture("dense", "Tiny")
    with allowing_code([path]):
        assert find_architecture("dense", "Tiny").name == "Tiny"
        other = write_network(tmp_path / "other.py", TINY)
        with (
            allowing_code([other]),
            pytest.raises(InputError, match=r"Tiny: is in .*own\.py and in "),
        ):
            find_architecture("dense", "Tiny")
    with pytest.raises(ArgumentError, match="no network 'Tiny'"):
        find_architecture("dense", "Tiny")


def test_a_network_of_regtrack_goes_before_a_class_of_that_name(tmp_path: Path) -> None:
    path = write_network(tmp_path / "own.py", TINY.replace("Tiny", "dilated"))
    with allowing_code([path]):
        assert find_architecture("dense", "dilated").sha256 is None
    assert find_architecture("dense", f"{path}:dilated").sha256 is not None


def test_an_installed_package_offers_networks_by_entry_points(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "offering-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: offering\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[regtrack.networks]\nmine = offering_networks:Tiny\n")
    write_network(tmp_path / "offering_networks.py", TINY)
    monkeypatch.syspath_prepend(tmp_path)
    architecture = find_architecture("dense", "mine")
    assert isinstance(architecture.build(3), OwnNetwork)
    assert (architecture.name, architecture.sha256 is None) == ("mine", False)
    with pytest.raises(ArgumentError, match=r"expected .*, mine, or FILE\.py:CLASS"):
        find_architecture("dense", "other")


GOOD = """
import torch
from torch import nn
class Net(nn.Module):
    {attributes}
    def __init__(self, markers, *, width: int = 4{more}):
        super().__init__()
        self.markers = markers
        self.layer = nn.Conv1d(1, markers, 3, padding=1)
        {made}
    def forward(self, x):
        x = x[:, None].to(self.layer.weight.dtype)
        return {returned}
"""


def bad(**changes: str) -> str:
    usual = {"attributes": "pass", "more": "", "made": "", "returned": "self.layer(x)"}
    return GOOD.format(**{**usual, **changes})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("class Net(", r"own\.py:1: is not Python \('\(' was never closed\)"),
        ("x = '\0'", r"own\.py.*: is not Python \(.*null byte"),
        ("\n\nx = 1 / 0", r"own\.py:3: ZeroDivisionError: division by zero"),
        ("import no_such_library", r"own\.py:1: ModuleNotFoundError: No module named"),
        ("import sys\nsys.exit(3)", r"own\.py:2: SystemExit: 3"),
        ("", r"own\.py: has no class Net; its classes: none derived from torch\.nn\.Module"),
        (TINY, r"own\.py: has no class Net; its classes: Tiny"),
        ("class Net: pass", r"own\.py: Net is no class derived from torch\.nn\.Module"),
        ("from torch.nn import Linear as Net", r"Net is no class derived"),
        ("def Net(markers): pass", r"own\.py: Net is no class derived"),
        (bad(made="raise OSError('no weights')"), r"own\.py:10: OSError: no weights"),
        (bad(more=", sizes=(1, 2)"), r"default of its setting sizes, got \(1, 2\)"),
        (bad(more=", depth"), r"default of its setting depth, got none"),
        (bad(attributes="reads = 'ACG'"), r"Net: expected 'codes' or an order of ACGT as reads"),
        (bad(attributes="bin = 0"), r"expected a number from 1 to 10,000 as bin, got 0"),
        (bad(attributes="bin = 4; stride = 6"), r"expected a multiple of its bin, 4, as stride"),
        (bad(attributes="left = 5"), r"expected left and right, or neither"),
        (bad(attributes="returns = 'odds'"), r"expected logits or probabilities or signal as ret"),
        (bad(attributes="range = 2"), r"a range is of returns = 'signal', not of 'logits'"),
        *(
            (bad(attributes=f"returns = 'signal'; range = {one}"), r"expected a number above 0, at")
            for one in ("0", "-1", "float('nan')", "1e16", "'wide'", "(1, 0)", "True")
        ),
        (
            bad(returned="self.layer(x)[:, :, 1:]"),
            r"returns torch.float32 \(1, 2, 63\) for 64 "
            r"bases; expected numbers \(1, 2, 64\): batch, markers, outputs of 1 bp$",
        ),
        (
            bad(returned="self.layer(x).view(len(x), 2, -1, 16).amax(3)"),
            r"expected numbers \(1, 2, 64\): .*, outputs of 1 bp; declare bin = 16$",
        ),
        (bad(returned="[x]"), r"returns a list; expected a tensor"),
        (bad(returned="self.layer(x).long()"), r"returns torch.int64 .*expected numbers"),
        (bad(returned="self.layer(x) / 0"), r"own\.py: the network gives a value that is not a"),
        (
            bad(returned="x @ x"),
            r"own\.py:13: RuntimeError: .*; it was given codes \(1, 64\); reads = \"ACGT\" gives "
            r"one-hot \(1, 4, 64\)$",
        ),
        (
            bad(attributes="reads = 'TGCA'"),
            r"own\.py:13: RuntimeError: .*; it was given one-hot \(1, 4, 64\), by its "
            r'reads = "TGCA"$',
        ),
        (
            bad(attributes="returns = 'probabilities'", returned="self.layer(x) + 9"),
            r"the network gives .* expected probabilities, as it declares",
        ),
        *(
            (bad(attributes="returns = 'signal'", returned=one), rf"the network gives {said}")
            for one, said in (
                ("self.layer(x).abs() - 2000", "-.* expected a signal from 0 to 1e.15, as it decl"),
                ("self.layer(x).abs() + 1e16", ".* expected a signal from 0 to 1e.15, as it dec"),
                ("self.layer(x).abs() / 0", "a value that is not a number"),
                ("(self.layer(x) - 9).log()", "a value that is not a number"),
            )
        ),
        (bad(returned="self.layer(x - x.mean())"), r"Net depends on all that it reads; declare l"),
        (
            bad(returned="self.layer(x * (torch.arange(x.shape[2]) % 2))"),
            r"predicts otherwise where a window starts 1 bases later; declare its stride",
        ),
        (bad(made="self.rnn = nn.LSTM(1, 1)"), r"has a layer LSTM, without bound; declare left"),
        (bad(returned="self.layer(x.float())"), r"cannot be measured in float64 \(.*declare left"),
    ],
)
def test_what_does_not_keep_the_contract_is_said_in_one_line(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "own.py"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        own_network(path, "Net")
    assert re.search(message, str(caught.value)), str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_alone_is_asked_for_its_class(tmp_path: Path) -> None:
    path = write_network(tmp_path / "own.py", TINY)
    with pytest.raises(InputError, match=r"which class\? Expected FILE\.py:CLASS; .*: Tiny"):
        find_architecture("dense", str(path))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"depth": 3}, "Tiny has no setting depth; it has width, share, gate, kind"),
        ({"width": 1.5}, "expected a whole number as width, got 1.5"),
        ({"width": True}, "expected a whole number as width, got True"),
        ({"share": "half"}, "expected a number as share, got 'half'"),
        ({"gate": 1}, "expected true or false as gate, got 1"),
        ({"kind": 3}, "expected a text as kind, got 3"),
    ],
)
def test_settings_that_it_does_not_have_are_refused(
    tmp_path: Path, settings: dict[str, object], message: str
) -> None:
    path = write_network(tmp_path / "own.py", TINY)
    with pytest.raises(ValueError, match=re.escape(message)):
        own_network(path, "Tiny", **settings)


def test_networks_of_ones_own_are_of_the_dense_task(tmp_path: Path) -> None:
    path = write_network(tmp_path / "own.py", TINY)
    with pytest.raises(ArgumentError, match="are of the dense task, not short"):
        find_architecture("short", f"{path}:Tiny")


def test_an_lstm_with_a_declared_overlap_is_taken_as_one_without_bound(tmp_path: Path) -> None:
    text = bad(
        attributes="left = 40; right = 40",
        made="self.rnn = nn.LSTM(1, markers, bidirectional=False, batch_first=True)",
        returned="self.rnn(x.transpose(1, 2))[0].transpose(1, 2)",
    )
    path = write_network(tmp_path / "own.py", text)
    assert own_network(path, "Net").context == Context(left=40, right=40, exact=False)


def test_sizes_of_the_tiny_genome_are_not_multiples_of_a_bin() -> None:
    # What the tests of commands rely on: last windows that end inside a bin.
    assert all(size % 32 for name, size in TINY_SIZES.items() if name != "chrM")


@pytest.mark.parametrize(
    ("attributes", "returned", "is_said"),
    [
        ("pass", "self.layer(x).sigmoid()", True),
        ("pass", "self.layer(x)", False),
        ("pass", "self.layer(x) * 0 + 0.5", False),
        ("returns = 'probabilities'", "self.layer(x).sigmoid()", False),
        ("returns = 'signal'", "self.layer(x).sigmoid()", False),
    ],
)
def test_outputs_between_0_and_1_that_are_taken_for_logits_are_said(
    tmp_path: Path, attributes: str, returned: str, is_said: bool
) -> None:
    path = tmp_path / "own.py"
    path.write_text(bad(attributes=attributes, returned=returned))
    told: list[str] = []
    with heard(told.append):
        own_network(path, "Net")
    note = (
        f"{path}: every output of Net lies between 0 and 1: if these are probabilities, declare "
        'returns = "probabilities"'
    )
    assert told == ([note] if is_said else [])


def test_a_file_may_import_what_lies_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "layers_beside_own.py").write_text("from torch import nn\nLayer = nn.Identity\n")
    path = folder / "own.py"
    path.write_text("from layers_beside_own import Layer\n" + bad(made="self.more = Layer()"))
    # As the script `regtrack` has it, whose working folder is nothing to Python.
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [one for one in sys.path if one])
    before = list(sys.path)
    assert own_network(path.relative_to(tmp_path), "Net").outputs == 2
    assert sys.path == before


def with_helper(folder: Path, helper: str, value: int) -> Path:
    """A network whose only marker is a number that stands in a module beside its file."""
    (folder / helper).parent.mkdir(parents=True)
    (folder / helper).write_text(f"VALUE = {value}\n")
    module = helper.removesuffix(".py").replace("/", ".")
    return write_network(
        folder / "own.py",
        f"""
        from torch import nn
        from {module} import VALUE

        class Constant(nn.Module):
            def __init__(self, markers):
                super().__init__()
            def forward(self, x):
                return (x * 0.0 + VALUE)[:, None]
        """,
    )


@pytest.mark.parametrize("helper", ["layers_of_two.py", "parts_of_two/layers.py"])
def test_each_file_has_the_module_that_lies_beside_it_though_names_are_the_same(
    tmp_path: Path, helper: str
) -> None:
    first, second = (
        with_helper(tmp_path / name, helper, value) for name, value in (("a", 3), ("b", 40))
    )
    before = set(sys.modules)
    networks = [own_network(path, "Constant", 1) for path in (first, second)]
    assert [predicted(network)[0] for network in networks] == [3, 40]
    new = {name for name in set(sys.modules) - before if "of_two" in name}
    assert new == set()


def test_the_digest_is_of_the_file_and_of_the_modules_beside_it_that_it_imports(
    tmp_path: Path,
) -> None:
    paths = [
        with_helper(tmp_path / name, "layers_of_digest.py", value)
        for name, value in (("a", 3), ("b", 3), ("c", 40))
    ]
    (tmp_path / "b" / "not_imported.py").write_text("VALUE = 1\n")
    same, again, other = (find_architecture("dense", f"{path}:Constant").sha256 for path in paths)
    assert len({path.read_bytes() for path in paths}) == 1
    assert same == again != other
    alone = write_network(tmp_path / "alone.py", TINY)
    of_file = hashlib.sha256(alone.read_bytes()).hexdigest()
    assert find_architecture("dense", f"{alone}:Tiny").sha256 == of_file


def test_an_installed_library_stays_imported_also_from_an_environment_below_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "venv" / "site-packages"
    site.mkdir(parents=True)
    (site / "library_of_venv.py").write_text("VALUE = 1\n")
    monkeypatch.syspath_prepend(site)
    path = write_network(tmp_path / "own.py", f"import library_of_venv\n{TINY}")
    assert (
        find_architecture("dense", f"{path}:Tiny").sha256
        == hashlib.sha256(path.read_bytes()).hexdigest()
    )
    assert sys.modules.pop("library_of_venv").VALUE == 1


def test_a_file_may_edit_the_path_of_imports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = list(sys.path)
    path = write_network(tmp_path / "own.py", f"import sys\nsys.path.pop(0)\n{TINY}")
    assert own_network(path, "Tiny").outputs == 2
    assert sys.path == before
