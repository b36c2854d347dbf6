"""Packages of the BioImage Model Zoo: ours out and back, others in, and harmful ones refused."""

import hashlib
import io
import os
import subprocess
import sys
import zipfile

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
import yaml

from cartocell_app.errors import UserError
from cartocell_app.segmentation.model_card import read_card, write_card
from cartocell_app.segmentation.normalisation import Normalisation, normalise
from cartocell_app.segmentation.receptive_field import receptive_field
from tests.segmentation.onnx_graphs import GraphBuilder, resunet, save
from tests.training.biapy_by_hand import BiapyResUNet
from training.importing import export_model_zoo, import_model

PERCENTILE = Normalisation(kind="percentile", low_percent=1, high_percent=99.8, clip=(0, 1.5))


@pytest.fixture
def model(tmp_path):
    """A model of ours with random weights."""
    path = save(tmp_path / "ours.onnx", resunet((4, 5, 6), [(1, 2, 2), (2, 2, 2)]), normalisation=PERCENTILE)
    field = receptive_field(path)
    halo = {"halo_vox": field.halo_vox, "size_divisor": field.divisor, "scores": {"f1_0.5": 0.9}}
    write_card(path, read_card(path).model_copy(update=halo))
    return path


def run(path, picture):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: picture})[0]


def package(path, description, **files):
    """A package with these files; the SHA-256 of weights is put into the description if it asks for it."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("rdf.yaml", yaml.safe_dump(description))
        for name, content in files.items():
            archive.writestr(name.replace("__", "."), content)
    return path


def described(preprocessing=(), postprocessing=(), **weights):
    """A description in format 0.5."""
    axes = [{"type": "space", "id": axis, "size": 16, "scale": 0.5, "unit": "micrometer"} for axis in "zyx"]
    names = ["contour", "mask", "foreground"]
    return {
        "type": "model", "format_version": "0.5.3", "name": "their model", "license": "MIT", "version": "2.1",
        "inputs": [{"id": "raw", "axes": axes, "preprocessing": list(preprocessing)}],
        "outputs": [
            {
                "id": "maps", "axes": [{"type": "channel", "channel_names": names}, *axes],
                "postprocessing": list(postprocessing),
            }
        ],
        "weights": weights,
    }  # fmt: skip


def foreign(logits=False):
    """An ONNX network of another program, without a card."""
    g = GraphBuilder(3)
    x = g.conv("raw", 1, 3, (3, 3, 3))
    return g.model(x if logits else g.node("Sigmoid", [x])).SerializeToString()


# --- ours


def test_a_package_comes_back_as_it_was(model, tmp_path):
    export_model_zoo(model, tmp_path / "ours.zip")
    card = import_model(tmp_path / "ours.zip", tmp_path / "back.onnx")
    assert card == read_card(model) == read_card(tmp_path / "back.onnx")
    picture = np.random.default_rng(0).random((1, 1, 4, 8, 12), np.float32)
    np.testing.assert_array_equal(run(model, picture), run(tmp_path / "back.onnx", picture))


def test_a_package_holds_what_the_model_zoo_asks_for(model, tmp_path):
    export_model_zoo(model, tmp_path / "ours.zip")
    with zipfile.ZipFile(tmp_path / "ours.zip") as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    description = yaml.safe_load(content["rdf.yaml"])
    (picture,), (maps,) = description["inputs"], description["outputs"]
    raw, expected = (np.load(io.BytesIO(content[f"test_{name}.npy"])) for name in ("input", "output"))
    assert raw.std() > 1
    np.testing.assert_allclose(run(model, normalise(raw[0, 0], PERCENTILE)[None, None]), expected, atol=1e-5)
    assert expected.shape == (1, 3, *raw.shape[2:])
    for entry in (picture["test_tensor"], maps["test_tensor"], description["weights"]["onnx"]):
        assert entry["sha256"] == hashlib.sha256(content[entry["source"]]).hexdigest()
    assert [axis["size"]["step"] for axis in picture["axes"][2:]] == [2, 4, 4]
    assert [step["id"] for step in picture["preprocessing"]] == ["ensure_dtype", "scale_range", "clip", "ensure_dtype"]
    assert maps["axes"][1]["channel_names"] == ["B_cell_interior", "C_contour", "M_tissue"]
    assert description["cite"][0]["doi"] == "10.1016/j.crmeth.2023.100597"
    assert description["license"] == "BSD-3-Clause"
    assert content["cover.png"].startswith(b"\x89PNG")
    assert "# Validation" in content["documentation.md"].decode()


def test_without_a_licence_there_is_no_package(model, tmp_path):
    write_card(model, read_card(model).model_copy(update={"licence": "unknown (imported)"}))
    with pytest.raises(UserError, match="cannot be published"):
        export_model_zoo(model, tmp_path / "ours.zip")
    assert not (tmp_path / "ours.zip").exists()


@pytest.mark.parametrize("kind", ["percentile", "zscore", "divide", "patches"])
def test_bioimageio_accepts_our_packages(model, tmp_path, kind):
    """By its own test."""
    changes = {"normalisation": Normalisation(kind="zscore" if kind == "patches" else kind)}
    if kind == "patches":
        changes |= {"halo_vox": None, "patch_vox": (16, 24, 24), "voxel_size_um": None}
    write_card(model, read_card(model).model_copy(update=changes))
    export_model_zoo(model, tmp_path / "ours.zip")
    code = (
        "import sys; from bioimageio.core import test_model; summary = test_model(sys.argv[1]);"
        "print(summary.format()); sys.exit(summary.status != 'passed')"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "ours.zip"], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stdout[-3000:] + answer.stderr[-3000:]


# --- those of others


def test_a_foreign_onnx_network_comes_with_its_description(tmp_path):
    steps = [
        {"id": "ensure_dtype", "kwargs": {"dtype": "float32"}},
        {"id": "scale_range", "kwargs": {"axes": ["z", "y", "x"], "min_percentile": 2, "max_percentile": 99}},
    ]
    description = described(steps, [{"id": "sigmoid"}], onnx={"source": "w.onnx", "opset_version": 17})
    path = package(tmp_path / "theirs.zip", description, w__onnx=foreign(logits=True))
    card = import_model(path, tmp_path / "m.onnx")
    assert (card.name, card.licence, card.version) == ("their model", "MIT", "2.1")
    assert card.channels == ("C", "M", "F")
    assert card.voxel_size_um == (0.5, 0.5, 0.5)
    assert card.normalisation == Normalisation(kind="percentile", low_percent=2, high_percent=99, clip=None)
    assert (card.halo_vox, card.size_divisor) == ((1, 1, 1), (1, 1, 1))
    picture = np.random.default_rng(0).normal(size=(1, 1, 5, 6, 7)).astype(np.float32)
    (tmp_path / "l.onnx").write_bytes(foreign(logits=True))
    np.testing.assert_allclose(
        run(tmp_path / "m.onnx", picture), 1 / (1 + np.exp(-run(tmp_path / "l.onnx", picture))), atol=1e-6
    )


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([], Normalisation(kind="divide", divisor=1.0)),
        ([{"name": "scale_linear", "kwargs": {"gain": 0.25}}], Normalisation(kind="divide", divisor=4.0)),
        ([{"name": "zero_mean_unit_variance", "kwargs": {"mode": "per_sample"}}], Normalisation(kind="zscore")),
        (
            [{"id": "scale_range", "kwargs": {}}, {"id": "clip", "kwargs": {"min": -1, "max": 2}}],
            Normalisation(kind="percentile", low_percent=0, high_percent=100, clip=(-1, 2)),
        ),
    ],
)
def test_preparations_that_we_have(tmp_path, steps, expected):
    path = package(tmp_path / "a.zip", described(steps, onnx={"source": "w.onnx"}), w__onnx=foreign())
    assert import_model(path, tmp_path / "m.onnx").normalisation == expected


@pytest.mark.parametrize(
    "steps",
    [
        [{"id": "binarize", "kwargs": {"threshold": 0.5}}],
        [{"id": "scale_linear", "kwargs": {"gain": 0.25, "offset": 3}}],
        [{"id": "scale_linear", "kwargs": {"gain": "much"}}],
        [{"id": "fixed_zero_mean_unit_variance", "kwargs": {"mean": 3, "std": 2}}],
        [{"id": "zero_mean_unit_variance", "kwargs": {"axes": ["y", "x"]}}],
        [{"id": "zero_mean_unit_variance", "kwargs": {"mode": "per_dataset"}}],
        [{"id": "scale_range", "kwargs": {"min_percentile": 99, "max_percentile": 1}}],
    ],
)
def test_preparations_that_we_do_not_have_are_refused(tmp_path, steps):
    path = package(tmp_path / "a.zip", described(steps, onnx={"source": "w.onnx"}), w__onnx=foreign())
    with pytest.raises(UserError, match="prepares its pictures"):
        import_model(path, tmp_path / "m.onnx")


def torch_weights(content):
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def test_a_pytorch_state_is_told_by_its_names_and_its_code_is_not_run(tmp_path):
    """Format 0.4, as BiaPy 3.5 packs it."""
    trace = tmp_path / "harm-done"
    torch.manual_seed(0)
    network = BiapyResUNet("3.5", "none", (3, 4), (1,)).eval()
    description = {
        "type": "model", "format_version": "0.4.10", "name": "packed", "license": "CC-BY-4.0",
        "inputs": [{
            "name": "input0", "axes": "bczyx", "shape": [1, 1, 16, 32, 32],
            "preprocessing": [{"name": "scale_linear", "kwargs": {"gain": [1 / 255], "offset": [0]}}],
        }],
        "outputs": [{"name": "output0", "axes": "bczyx", "shape": {"reference_tensor": "input0"}}],
        "weights": {"pytorch_state_dict": {"source": "w.pt", "architecture": "model.py:Net", "kwargs": {}}},
    }  # fmt: skip
    path = package(
        tmp_path / "a.zip", description, w__pt=torch_weights(network.state_dict()),
        model__py=f"open({str(trace)!r}, 'w')",
    )  # fmt: skip
    card = import_model(path, tmp_path / "m.onnx")
    assert not trace.exists()
    assert card.normalisation == Normalisation(kind="divide", divisor=255.0)
    assert (card.licence, card.channels, card.voxel_size_um) == ("CC-BY-4.0", ("B", "C", "M"), None)
    picture = np.random.default_rng(0).random((1, 1, 4, 8, 10), np.float32)
    with torch.no_grad():
        expected = network(torch.from_numpy(picture)).numpy()
    np.testing.assert_allclose(run(tmp_path / "m.onnx", picture), expected, atol=1e-4)


# --- those that are refused


def refused(path, sentence):
    with pytest.raises(UserError, match=sentence) as caught:
        import_model(path, path.with_name("out.onnx"))
    assert path.name in caught.value.title
    assert caught.value.body
    assert not path.with_name("out.onnx").exists()


@pytest.mark.parametrize("entry", ["../evil.txt", "/etc/evil", "a/../../evil", "..\\evil", "C:/evil"])
def test_no_entry_may_lie_outside_the_package(tmp_path, entry):
    path = package(tmp_path / "a.zip", described(onnx={"source": "w.onnx"}), w__onnx=foreign())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(entry, "evil")
    refused(path, "points outside the package")


@pytest.mark.parametrize("source", ["../secret.onnx", "https://example.org/w.onnx", "/etc/passwd", "absent.onnx", None])
def test_weights_must_lie_in_the_package(tmp_path, source):
    (tmp_path / "secret.onnx").write_bytes(foreign())
    folder = tmp_path / "inside"
    folder.mkdir()
    refused(package(folder / "a.zip", described(onnx={"source": source})), "does not contain its weights")


def test_a_malicious_object_in_pytorch_weights_runs_nothing(tmp_path):
    trace = tmp_path / "harm-done"

    class Harm:
        def __reduce__(self):
            return os.system, (f"touch '{trace}'",)

    description = described(pytorch_state_dict={"source": "w.pt"})
    path = package(tmp_path / "a.zip", description, w__pt=torch_weights({"model": Harm()}))
    refused(path, "because it holds posix.system")
    assert not trace.exists()


def test_a_yaml_that_builds_objects_runs_nothing(tmp_path):
    trace = tmp_path / "harm-done"
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("rdf.yaml", f"type: !!python/object/apply:os.system [\"touch '{trace}'\"]")
    refused(path, "cannot be read")
    assert not trace.exists()


def test_other_weights_than_those_described_are_refused(tmp_path):
    weights = {"source": "w.onnx", "sha256": "0" * 64}
    refused(package(tmp_path / "a.zip", described(onnx=weights), w__onnx=foreign()), "not those that it describes")


def altered(change):
    model = onnx.load_from_string(foreign())
    change(model)
    return model.SerializeToString()


@pytest.mark.parametrize(
    ("description", "files", "sentence"),
    [
        (described(torchscript={"source": "w.pt"}), {}, "cannot read safely .torchscript"),
        (described() | {"type": "dataset"}, {}, "no package of a model"),
        (described(onnx={"source": "w.onnx"}) | {"inputs": []}, {"w__onnx": foreign()}, "takes 0 pictures"),
        (described(onnx={"source": "w.onnx"}), {"w__onnx": b"\xff\xff"}, "ONNX weights are damaged"),
        (described(onnx={"source": "w.onnx"}), {"w__onnx": foreign(logits=True)}, "gives no probabilities"),
        (
            described((), [{"id": "binarize"}], onnx={"source": "w.onnx"}), {"w__onnx": foreign()},
            "treats its maps in ways",
        ),
        (
            described(onnx={"source": "w.onnx"}),
            {"w__onnx": altered(lambda m: setattr(m.graph.node[0], "domain", "com.evil"))}, "not ONNX's own",
        ),
        (described(onnx={"source": "w.onnx"}), {"w__onnx": altered(lambda m: m.graph.node.pop(0))}, "does not run"),
        (
            described(onnx={"source": "w.onnx"}),
            {"w__onnx": (lambda g: g.model(g.conv("raw", 1, 2, (1, 1, 1)), 2).SerializeToString())(GraphBuilder())},
            "gave 2 × 16 × 16 × 16|gave 2 × 32 × 32 × 32",
        ),
        (described(pytorch_state_dict={"source": "w.pt"}), {"w__pt": b"no zip"}, "damaged or of an old layout"),
        (
            described(pytorch_state_dict={"source": "w.pt"}), {"w__pt": torch_weights({"a": torch.zeros(2)})},
            "is no ResU-Net of BiaPy",
        ),
    ],
)  # fmt: skip
def test_other_packages_are_refused_in_a_sentence(tmp_path, description, files, sentence):
    refused(package(tmp_path / "a.zip", description, **files), sentence)


def test_a_truncated_package_is_called_incomplete(model, tmp_path):
    export_model_zoo(model, tmp_path / "ours.zip")
    path = tmp_path / "cut.zip"
    path.write_bytes((tmp_path / "ours.zip").read_bytes()[:5000])
    refused(path, "damaged or not complete")
