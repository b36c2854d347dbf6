"""BiaPy's checkpoints: every layout, the real files, and files that mean harm."""

import builtins
import os
import pickle
import zipfile

import numpy as np
import onnxruntime
import pytest
import tifffile
import torch

from cartocell_app.errors import UserError
from cartocell_app.segmentation.instances import instances_from_maps
from cartocell_app.segmentation.matching import match
from cartocell_app.segmentation.model_card import read_card
from cartocell_app.segmentation.network import Network
from cartocell_app.segmentation.normalisation import normalise
from cartocell_app.segmentation.overlap import overlap_table
from cartocell_app.segmentation.runtime import Session
from cartocell_app.segmentation.settings import PROFILES
from tests.training.biapy_by_hand import BiapyResUNet, configuration, save
from training.importing import import_model
from training.importing.biapy_checkpoint import read_biapy

VOXEL_UM = (0.7, 0.615, 0.615)


def run(model, picture):
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: picture})[0]


def checkpoint(folder, version="3.5", norm="bn", cfg=None, **changes):
    """A small checkpoint that can be imported, but for what `changes` say."""
    torch.manual_seed(0)
    network = BiapyResUNet(version, norm, (3, 4), (1,))
    cfg = configuration(version, norm) if cfg is None else cfg
    return save(folder / "small.pth", network, version, cfg, **changes)


# --- what it gives


@pytest.mark.parametrize(
    ("version", "norm", "z_down"),
    [
        ("3.5", "bn", (2, 1)),
        ("3.5", "none", (1, 1)),
        ("3.5", "bare in", (1, 1)),
        ("3.7", "bn", (1, 2)),
        ("3.7", "in", (1, 1)),
        ("3.7", "none", (1, 1)),
    ],
)
def test_maps_are_those_of_the_network_rebuilt_from_its_description(tmp_path, version, norm, z_down):
    torch.manual_seed(1)
    network = BiapyResUNet(version, norm, (3, 4, 5), z_down).eval()
    cfg = configuration(version, norm.removeprefix("bare "))
    path = save(tmp_path / "a.pth", network, version, cfg)
    with zipfile.ZipFile(path) as archive:
        read = read_biapy(archive, path).network.eval()
    picture = torch.randn(1, 1, 8, 12, 16)
    with torch.no_grad():
        expected, found = network(picture.clone()).numpy(), read(picture).sigmoid().numpy()
    assert expected.std() > 0.01
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert read.size_divisor == (np.prod(z_down), 4, 4)


def test_the_model_gives_the_maps_of_the_checkpoint(tmp_path):
    path = checkpoint(tmp_path, "3.7", "none")
    torch.manual_seed(0)
    network = BiapyResUNet("3.7", "none", (3, 4), (1,)).eval()
    card = import_model(path, tmp_path / "a.onnx")
    picture = np.random.default_rng(0).normal(size=(1, 1, 8, 12, 18)).astype(np.float32)
    with torch.no_grad():
        expected = network(torch.from_numpy(picture.copy())).numpy()
    np.testing.assert_allclose(run(tmp_path / "a.onnx", picture), expected, atol=1e-4)
    assert card == read_card(tmp_path / "a.onnx")


def test_elu_in_place_makes_the_two_versions_differ_without_norm():
    """Else the test above could not tell whether the importer minds it."""
    picture = torch.randn(1, 1, 8, 8, 8)
    networks = []
    for version in ("3.5", "3.7"):
        torch.manual_seed(1)
        networks.append(BiapyResUNet(version, "none").eval())
    with torch.no_grad():
        assert (networks[0](picture.clone()) - networks[1](picture.clone())).abs().max() > 1e-3


def test_the_card_says_what_the_configuration_says(tmp_path):
    old = import_model(checkpoint(tmp_path), tmp_path / "old.onnx")
    assert (old.normalisation.kind, old.channels, old.profile) == ("divide", ("B", "C", "M"), "biapy-3.5")
    assert old.halo_vox is not None
    assert old.voxel_size_um is None
    assert old.licence == "unknown (imported)"
    assert old.software["biapy"] == "3.5.1"
    assert "small.pth" in old.training
    new = import_model(
        checkpoint(tmp_path, "3.7", "in"), tmp_path / "new.onnx", voxel_um=(1.0, 0.5, 0.5), name="neighbour's"
    )
    assert (new.normalisation.kind, new.channels, new.profile) == ("zscore", ("F", "C", "M"), "biapy-3.7")
    assert (new.halo_vox, new.patch_vox, new.patch_margin_vox) == (None, (16, 16, 16), (4, 4, 4))
    assert (new.voxel_size_um, new.name) == ((1.0, 0.5, 0.5), "neighbour's")


def test_thresholds_and_scaling_come_along(tmp_path):
    cfg = configuration("3.5", "bn", NORMALIZATION={
        "TYPE": "scale_range", "PERC_CLIP": {"ENABLE": True, "LOWER_PERC": 0.5, "UPPER_PERC": 99.5, "LOWER_VALUE": -1},
    })  # fmt: skip
    cfg["PROBLEM"]["INSTANCE_SEG"] |= {
        "DATA_MW_TH_TYPE": "manual", "DATA_MW_TH_BINARY_MASK": 0.3, "DATA_MW_TH_CONTOUR": 0.4,
        "DATA_MW_TH_FOREGROUND": 0.2,
    }  # fmt: skip
    path = save(tmp_path / "a.pth", BiapyResUNet("3.5", "bn", (3, 4), (1,)), "3.5", cfg)
    card = import_model(path, tmp_path / "a.onnx")
    assert card.thresholds == {"seed interior": 0.3, "seed contour": 0.4, "foreground": 0.2}
    assert card.normalisation.kind == "percentile"
    assert (card.normalisation.low_percent, card.normalisation.high_percent) == (0.5, 99.5)
    assert card.normalisation.clip == (0, 1)


# --- the real files


@pytest.fixture(scope="module")
def biapy_data(shared_data):
    return shared_data / "biapy"


@pytest.fixture(scope="module")
def newest(biapy_data, tmp_path_factory):
    model = tmp_path_factory.mktemp("newest") / "biapy.onnx"
    import_model(biapy_data / "biapy-3.7.1.pth", model)
    return model


def volume(path):
    return tifffile.imread(path).squeeze().astype(np.int64)


def test_a_real_checkpoint_of_3_5_loads(biapy_data, tmp_path):
    card = import_model(biapy_data / "biapy-3.5.12.pth", tmp_path / "old.onnx")
    assert (card.normalisation.kind, card.profile, card.channels) == ("divide", "biapy-3.5", ("B", "C", "M"))
    assert (card.halo_vox, card.size_divisor) == ((10, 23, 23), (1, 4, 4))
    assert card.software["biapy"] == "3.5.12"


def test_a_real_checkpoint_of_3_7_gives_the_maps_that_biapy_gave(biapy_data, newest, monkeypatch):
    """Two of its 27 patches: the one in the middle, and its neighbour at the end of x, which is mirrored there.

    Compared are the voxels that no other patch covers, the fading of the two into each other among them. The whole
    stack (3 minutes) differs by 8.2e-6 at most and 5.9e-7 on average.
    """
    answer, calls = Session.run, []

    def some(self, patch, *rest):
        calls.append(patch.shape)
        wanted = len(calls) - 1 in (13, 14)
        return answer(self, patch, *rest) if wanted else np.zeros((3, *patch.shape), np.float32)

    monkeypatch.setattr(Session, "run", some)
    network = Network.open(newest, "cpu", 2)
    calls.clear()
    raw = tifffile.imread(biapy_data / "cyst_3_raw.tif")
    maps = network.predict(normalise(raw, network.card.normalisation))
    assert calls == [(80, 80, 80)] * 27
    expected = np.moveaxis(tifffile.imread(biapy_data / "cyst_3_per_image_3.7.1.tif"), 1, 0)
    alone = (slice(None), slice(48, 62), slice(48, 82), slice(48, 130))
    assert expected[alone].std(axis=(1, 2, 3)).min() > 0.1
    np.testing.assert_allclose(maps[alone], expected[alone], atol=2e-5)


def test_profile_3_7_gives_the_cells_that_biapy_gave(biapy_data):
    maps = np.moveaxis(tifffile.imread(biapy_data / "cyst_3_per_image_3.7.1.tif"), 1, 0)
    found = instances_from_maps(np.ascontiguousarray(maps), VOXEL_UM, PROFILES["biapy-3.7"])
    before = volume(biapy_data / "cyst_3_instances_3.7.1.tif")
    after = volume(biapy_data / "cyst_3_post_processing_3.7.1.tif")
    pairs = np.unique(np.stack([found.before_voronoi.ravel().astype(np.int64), before.ravel()]), axis=1)
    assert pairs.shape[1] == len(np.unique(before)) == len(np.unique(found.before_voronoi)) == 175, (
        "the same cells, voxel by voxel, but for their numbers"
    )
    # Voxels as near to one cell as to another may go to either.
    np.testing.assert_array_equal(found.labels > 0, after > 0)
    assert len(np.unique(after)) - 1 == found.labels.max() == 173
    assert match(overlap_table(after, found.labels), 0.5).scores.f1 == 1


# --- files that mean harm


class Harm:
    """Says to unpickle it by calling something."""

    def __init__(self, call, *arguments):
        self.made_by = call, arguments

    def __reduce__(self):
        return self.made_by


@pytest.mark.parametrize("place", ["cfg", "optimizer", "model", "epoch"])
@pytest.mark.parametrize("kind", ["system", "eval"])
def test_a_malicious_object_is_named_and_nothing_runs(tmp_path, kind, place):
    trace = tmp_path / "harm-done"
    calls = {
        "system": (os.system, f"touch '{trace}'"),
        "eval": (builtins.eval, f"open({str(trace)!r}, 'w').close()"),
    }
    path = checkpoint(tmp_path, "3.7", "bn", **{place: {"a": [Harm(*calls[kind])]}})
    with pytest.raises(UserError, match=rf"not opened, because it holds \w+\.{kind}, which is no part") as caught:
        import_model(path, tmp_path / "out.onnx")
    assert "harm" in caught.value.body
    assert not trace.exists()
    assert not (tmp_path / "out.onnx").exists()
    assert not list(tmp_path.glob(".partial-*"))
    torch.load(path, weights_only=False)  # the file does do harm where it may
    assert trace.exists()


@pytest.mark.parametrize(
    "program",
    [
        b"\x80\x02ctorch._utils\n_rebuild_tensor\n.",
        b"\x80\x02ccollections\nOrderedDict.__class__\n.",
        b"\x80\x04\x8c\x08builtins\x94\x8c\x07getattr\x94\x93.",
        b"\x80\x02cposix\nsystem\n.",
    ],
)
def test_only_names_in_the_table_are_known(tmp_path, program):
    path = tmp_path / "a.pth"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/data.pkl", program)
    with pytest.raises(UserError, match="because it holds"):
        import_model(path, tmp_path / "out.onnx")


def test_a_tensor_beyond_its_storage_is_refused(tmp_path):
    path = tmp_path / "a.pth"
    good = checkpoint(tmp_path)
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(path, "w") as target:
        for entry in source.infolist():
            content = source.read(entry)
            short = "/data/" in entry.filename and len(content) > 100
            target.writestr(entry.filename, content[:-4] if short else content)
    with pytest.raises(UserError, match="damaged or not complete"):
        import_model(path, tmp_path / "out.onnx")


# --- files that cannot be used


@pytest.mark.parametrize("share", [0.02, 0.5, 0.95, 0.999])
def test_truncated_checkpoints_are_called_incomplete(tmp_path, share):
    path = checkpoint(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(UserError, match=r"small\.pth is damaged or not complete"):
        import_model(path, tmp_path / "out.onnx")


def test_no_tensor_may_be_missing_left_over_or_of_another_shape(tmp_path):
    state = BiapyResUNet("3.5", "bn", (3, 4), (1,)).state_dict()
    name = "bottleneck.block.2.block.1.running_var"
    wrong = {
        "has no bottleneck": {key: value for key, value in state.items() if key != name},
        "also has down_path.9.extra": state | {"down_path.9.extra": torch.zeros(2)},
        "is of 7": state | {name: torch.ones(7)},
        "is no ResU-Net": {key: value for key, value in state.items() if not key.startswith("last")},
        "levels do not match": {key: value for key, value in state.items() if not key.startswith("down_path.0.short")},
    }
    for sentence, tensors in wrong.items():
        path = checkpoint(tmp_path, cfg={}, model=tensors)
        with pytest.raises(UserError, match=sentence):
            import_model(path, tmp_path / "out.onnx")


def changed(version, **more):
    cfg = configuration(version, "bn")
    for key, value in more.items():
        section, name = key.split("__")
        inner = cfg["PROBLEM"]["INSTANCE_SEG"] if section == "INSTANCE" else cfg[section]
        inner[name] = value
    return cfg


@pytest.mark.parametrize(
    ("version", "cfg", "sentence"),
    [
        ("3.5", changed("3.5", MODEL__ACTIVATION="relu"), "uses the activation relu"),
        ("3.7", changed("3.7", MODEL__NORMALIZATION="gn"), "uses the normalisation gn"),
        ("3.5", changed("3.5", INSTANCE__DATA_CHANNELS="BCD"), "gives the maps B, C, D, not B, C, M"),
        ("3.7", changed("3.7", INSTANCE__DATA_CHANNELS=["B", "C", "M"]), "gives the maps B, C, M, not F, C, M"),
        (
            "3.7",
            changed("3.7", DATA__NORMALIZATION={"TYPE": "zero_mean_unit_variance", "MEASURE_BY": "patch"}),
            "does not have .zero_mean_unit_variance of patches",
        ),
        (
            "3.7",
            changed(
                "3.7",
                DATA__NORMALIZATION={"TYPE": "zero_mean_unit_variance", "ZERO_MEAN_UNIT_VAR": {"MEAN_VAL": [0.3]}},
            ),
            "prepared in a way that CartoCell does not have",
        ),
    ],
)
def test_what_the_weights_do_not_show_is_refused(tmp_path, version, cfg, sentence):
    with pytest.raises(UserError, match=sentence):
        import_model(checkpoint(tmp_path, version, "bn", cfg=cfg), tmp_path / "out.onnx")


def test_other_architectures_are_named(tmp_path):
    other = {"cfg": {"MODEL": {"ARCHITECTURE": "unetr"}}, "model": {"vit.weight": torch.zeros(3)}}
    with pytest.raises(UserError, match="is a network of the kind unetr"):
        import_model(checkpoint(tmp_path, "3.7", **other), tmp_path / "out.onnx")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "not a model that CartoCell knows"),
        (b"words about a model", "not a model that CartoCell knows"),
        (b"\x80\x02}q\x00.", "before PyTorch 1.6"),
        (b"\x08\x08\x12\x07pytorch", "bare ONNX file"),
        (b"PK\x05\x06" + bytes(18), "not a model that CartoCell knows"),
    ],
)
def test_other_files_are_no_models(tmp_path, content, sentence):
    path = tmp_path / "a.pth"
    path.write_bytes(content)
    with pytest.raises(UserError, match=sentence):
        import_model(path, tmp_path / "out.onnx")
    with pytest.raises(UserError, match=r"gone\.pth was not found"):
        import_model(tmp_path / "gone.pth", tmp_path / "out.onnx")


def test_a_torchscript_program_is_not_run(tmp_path):
    path = tmp_path / "a.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/data.pkl", pickle.dumps({}, 2))
        archive.writestr("a/code/__torch__.py", "raise SystemExit")
    with pytest.raises(UserError, match="TorchScript program"):
        import_model(path, tmp_path / "out.onnx")
