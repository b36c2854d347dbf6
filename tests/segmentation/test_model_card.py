import json
import subprocess
import sys

import onnx
import pytest
from pydantic import ValidationError

from cartocell_app.errors import UserError
from cartocell_app.segmentation.model_card import METADATA_KEY, card_from_metadata, read_card, write_card
from tests.segmentation.onnx_graphs import card, resunet, save


@pytest.fixture
def plain(tmp_path):
    """An ONNX file without a card."""
    path = tmp_path / "plain.onnx"
    onnx.save(resunet((2, 3), [(1, 2, 2)]), path)
    return path


def test_what_is_written_is_read_back_and_the_network_is_untouched(plain):
    written = card(
        channels=("M", "B", "C"), halo_vox=(3, 5, 5), size_divisor=(1, 4, 4), thresholds={"h": 0.05},
        scores={"F1 at IoU 0.5": 0.987}, software={"torch": "2.13.0"}, limits="No µ in 2D.",
    )  # fmt: skip
    before = onnx.load(plain).graph.SerializeToString()
    write_card(plain, written)
    assert read_card(plain) == written
    assert onnx.load(plain).graph.SerializeToString() == before


def test_a_new_card_replaces_the_old_and_leaves_other_metadata(plain):
    model = onnx.load(plain)
    model.metadata_props.add(key="author", value="somebody")
    onnx.save(model, plain)
    write_card(plain, card(name="old"))
    write_card(plain, card(name="new"))
    entries = [(entry.key, entry.value) for entry in onnx.load(plain).metadata_props]
    assert [key for key, _ in entries] == ["author", METADATA_KEY]
    assert read_card(plain).name == "new"


def test_an_imported_model_may_not_know_its_voxel_size_and_give_whole_cells(plain):
    imported = card(
        channels=("F", "C", "M"), voxel_size_um=None, halo_vox=None, patch_vox=(80, 80, 80),
        patch_margin_vox=(16, 16, 16), profile="biapy-3.7",
    )  # fmt: skip
    write_card(plain, imported)
    assert read_card(plain) == imported


def test_the_file_stays_as_it_was_when_writing_fails(plain, monkeypatch):
    before = plain.read_bytes()
    monkeypatch.setattr("pathlib.Path.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(UserError, match="disk is full"):
        write_card(plain, card())
    assert plain.read_bytes() == before
    assert [file.name for file in plain.parent.iterdir()] == ["plain.onnx"]


def test_card_is_read_without_starting_onnxruntime(tmp_path):
    path = save(tmp_path / "model.onnx", resunet((2, 3), [(1, 2, 2)]))
    code = (
        "import sys, pathlib; from cartocell_app.segmentation.model_card import read_card;"
        "read_card(pathlib.Path(sys.argv[1])); sys.exit('onnxruntime' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, path], check=True)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is not an ONNX model"),
        (b"II*\x00" + bytes(2000), "is not an ONNX model"),
        (b"PK\x03\x04 weights of another program", "is not an ONNX model"),
        (b"\x89HDF\r\n\x1a\n", "is not an ONNX model"),
        (b"plain words about a model\n", "is not an ONNX model"),
    ],
)
def test_other_files_are_no_models(tmp_path, content, sentence):
    path = tmp_path / "m2.onnx"
    path.write_bytes(content)
    with pytest.raises(UserError, match=sentence) as caught:
        read_card(path)
    assert "m2.onnx" in caught.value.title
    assert caught.value.body


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_truncated_file_is_called_incomplete(tmp_path, share):
    path = save(tmp_path / "m2.onnx", resunet((2, 3), [(1, 2, 2)]))
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(UserError, match="damaged or not complete"):
        read_card(path)


def test_missing_file_and_folder_are_named(tmp_path):
    with pytest.raises(UserError, match=r"nowhere\.onnx was not found"):
        read_card(tmp_path / "nowhere.onnx")
    with pytest.raises(UserError, match="cannot be read"):
        read_card(tmp_path)


def test_foreign_onnx_file_does_not_say_how_it_was_trained(plain):
    with pytest.raises(UserError, match="is an ONNX file but does not say how it was trained"):
        read_card(plain)


def test_weights_in_other_files_are_refused(tmp_path):
    path = tmp_path / "split.onnx"
    model = resunet((2, 3), [(1, 2, 2)])
    onnx.save(model, path, save_as_external_data=True, location="split.bin", size_threshold=0)
    for read in (read_card, lambda path: write_card(path, card())):
        with pytest.raises(UserError, match="weights in other files"):
            read(path)


def test_card_of_a_later_version_asks_for_a_newer_program(tmp_path):
    later = json.loads(card().model_dump_json()) | {"schema_version": 2, "colour": "red"}
    with pytest.raises(UserError, match="another version of CartoCell"):
        card_from_metadata({METADATA_KEY: json.dumps(later)}, tmp_path / "m3.onnx")


@pytest.mark.parametrize(
    ("text", "where"),
    [("not json", "the text"), ("{}", "name"), (card().model_dump_json().replace("percentile", "magic"), "kind")],
)
def test_damaged_card_says_where(tmp_path, text, where):
    with pytest.raises(UserError, match=rf"m2\.onnx does not say properly.*{where}"):
        card_from_metadata({METADATA_KEY: text}, tmp_path / "m2.onnx")


@pytest.mark.parametrize(
    "wrong",
    [
        {"channels": ("B", "C")},
        {"channels": ("B", "C", "C")},
        {"channels": ("B", "F", "C")},
        {"halo_vox": None, "patch_vox": (80, 80, 80), "patch_margin_vox": (16, 40, 16)},
        {"halo_vox": None},
        {"halo_vox": (-1, 0, 0)},
        {"voxel_size_um": (0, 1, 1)},
        {"size_divisor": (0, 1, 1)},
        {"halo_vox": None, "patch_vox": (80, 80, 81), "size_divisor": (1, 4, 4)},
        {"trained_by": "nobody"},
    ],
)
def test_impossible_cards_cannot_be_made(wrong):
    with pytest.raises(ValidationError):
        card(**wrong)
