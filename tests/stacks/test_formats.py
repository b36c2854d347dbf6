"""Every file of ``../shared/data``: read right, asked about, or refused in one sentence.

The truths come from elsewhere than from the adapters: from the vendors' XML, raw tags and byte offsets, and, for the
sums of voxels, from czifile, readlif, nd2reader and single TIFF pages.
"""

import struct
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import tifffile

from cartocell_app.errors import UserError
from cartocell_app.stacks.reading import describe, is_stack_path, read, read_labels


@dataclass(frozen=True)
class Readable:
    """What a volume must be: shape, type and voxel size (z, y, x; µm), words of its notes, sum of its voxels."""

    file: str
    shape: tuple[int, int, int]
    dtype: str
    voxel_um: tuple[float, float, float] | None
    total: int
    scene: str | int | None = None
    time: int | None = None
    channel: str | int | None = None
    notes: tuple[str, ...] = field(default=())


NO_SIZE = ("states no voxel size",)
IMPOSSIBLE = ("cannot be right",)

READABLE = (
    Readable(
        "formats/czi/CellDivision_T3_Z5_CH2_X240_Y170.czi",
        (5, 170, 240),
        "uint16",
        (0.32, 0.0905767, 0.0905767),
        392325881,
        time=1,
        channel="led470",
    ),
    Readable(
        "formats/czi/CellDivision_T3_Z6_CH1_X300_Y200_DCV_ZSTD.czi",
        (6, 200, 300),
        "uint16",
        (0.32, 0.0905767, 0.0905767),
        144874978,
        time=2,
    ),
    Readable(
        "formats/czi/LLS7_small.czi",
        (3, 64, 64),
        "uint16",
        (0.144992, 0.144992, 0.144992),
        9752590,
        time=1,
        channel=1,
        notes=("before it was processed: z 0.2 instead of 0.145",),
    ),
    Readable(
        "formats/czi/S3_1Pos_2Mosaic_T2_Z3_CH2_sm.czi",
        (3, 122, 295),
        "uint16",
        (1.0, 1.6, 1.6),
        121871937,
        scene="TR1",
        time=0,
        channel="DAPI",
    ),
    Readable(
        "formats/czi/S3_1Pos_2Mosaic_T2_Z3_CH2_sm.czi",
        (3, 64, 64),
        "uint16",
        (1.0, 1.6, 1.6),
        10617521,
        scene=1,
        time=1,
        channel=1,
    ),
    Readable(
        "formats/czi/S3_1Pos_2Mosaic_T2_Z3_CH2_sm.czi",
        (3, 237, 352),
        "uint16",
        (1.0, 1.6, 1.6),
        200911492,
        scene="tr2",
        time=1,
        channel=0,
    ),
    Readable("formats/czi/tiles_z.czi", (2, 512, 510), "uint8", (4.0, 0.8302658, 0.8302658), 195, channel="Ch1"),
    Readable(
        "formats/czi/tiles_z.czi",
        (2, 512, 510),
        "uint8",
        (4.0, 0.8302658, 0.8302658),
        0,
        channel="T PMT",
        notes=("same value, 0",),
    ),
    Readable(
        "formats/czi/xyz__multiple_images.czi",
        (2, 251, 251),
        "uint16",
        (0.3, 0.1956444, 0.1956444),
        1704845714,
        scene=0,
    ),
    Readable(
        "formats/czi/xyz__multiple_images.czi",
        (2, 251, 251),
        "uint16",
        (0.3, 0.1956444, 0.1956444),
        1551195176,
        scene=1,
    ),
    Readable(
        "formats/lif/PR2729_frameOrderCombinedScanTypes.lif",
        (3, 64, 64),
        "uint8",
        (6.227615, 3.968254, 3.968254),
        804864,
        scene="TileScan_001, tile 3",
        time=1,
        channel="red",
        notes=("z running backwards",),
    ),
    Readable(
        "formats/lif/xz-example.lif",
        (128, 23, 128),
        "uint8",
        (0.1402787, 0.2290615, 0.1402798),
        3641695,
        scene="xzy",
        channel=1,
        notes=("x-z planes along y",),
    ),
    Readable(
        "formats/nd2/cluster.nd2",
        (10, 31, 38),
        "uint16",
        (0.5, 0.1678090, 0.1678090),
        330230,
        time=2,
        channel="FM 4-64/2% CHAPS",
    ),
    Readable("formats/nd2/example-zstack.nd2", (11, 128, 128), "uint16", (6.0, 0.3233903, 0.3233903), 95146474),
    Readable(
        "formats/ome-tiff/18x24y5z5t2c8b-text_2009-09.ome.tiff",
        (5, 24, 18),
        "uint8",
        None,
        258073,
        time=3,
        channel=1,
        notes=NO_SIZE,
    ),
    Readable(
        "formats/omezarr/xyz_8bit__mitotic_plate_calibrated.ome.zarr",
        (6, 263, 263),
        "uint8",
        (3.0, 0.0851964, 0.0851964),
        4380918,
    ),
    Readable(
        "formats/tiff/bmcv_zcyx.tiff", (25, 50, 50), "uint8", (0.0544550, 0.4356401, 0.4356401), 984418, channel=1
    ),
    Readable("formats/tiff/bmcv_zyx_uint16.tiff", (10, 8, 5), "uint16", None, 13289059, notes=NO_SIZE),
    Readable(
        "formats/tiff/carcinoma_xyzt_imagej.tif",
        (38, 100, 123),
        "uint16",
        None,
        155830759,
        time=1,
        notes=("cannot be right along z (z 5000 µm, y 1.242 µm, x 1.242 µm)",),
    ),
    Readable("formats/tiff/ilastik_3d.tif", (5, 16, 16), "uint8", None, 25842, notes=("along z, y and x",)),
    Readable("formats/tiff/ilastik_3d_c.tif", (5, 16, 16), "uint8", None, 24721, channel=2, notes=IMPOSSIBLE),
    Readable("formats/tiff/ilastik_3d_t.tif", (5, 16, 16), "uint8", None, 25346, time=4, notes=IMPOSSIBLE),
    Readable("formats/tiff/ilastik_3d_t_no_meta.tif", (5, 16, 16), "uint8", None, 25156, time=2, notes=NO_SIZE),
    Readable("formats/tiff/ilastik_3d_t_other_meta.tif", (5, 16, 16), "uint8", None, 24822, time=0, notes=IMPOSSIBLE),
    Readable("formats/tiff/ilastik_5d.tif", (5, 16, 16), "uint8", None, 24842, time=3, channel=1, notes=IMPOSSIBLE),
    Readable(
        "formats/tiff/neubias_xyz_8bit__mitotic_plate_badZcalibrated.tif",
        (6, 263, 263),
        "uint8",
        None,
        4380918,
        notes=("does not say how far apart the slices are, only y 0.0852 µm, x 0.0852 µm", "where it is 1 µm"),
    ),
    Readable(
        "formats/tiff/neubias_xyz_8bit__mitotic_plate_calibrated.tif",
        (6, 263, 263),
        "uint8",
        (3.0, 0.0851964, 0.0851964),
        4380918,
    ),
    Readable("formats/tiff/neubias_xyz_8bit_sphere_calibrated.tif", (64, 128, 128), "uint16", (8.0, 4.0, 4.0), 2225732),
    Readable(
        "formats/tiff/neubias_xyz_calibrated_16bit__golgi_bfa.tif",
        (25, 137, 147),
        "uint16",
        (0.3876, 0.3514353, 0.3514353),
        28822807,
    ),
    Readable(
        "formats/tiff/neubias_xyzc_16bit__spots.tif",
        (17, 88, 89),
        "uint16",
        (0.4, 0.0941345, 0.0941345),
        158634001,
        channel=1,
    ),
    Readable("formats/tiff/neubias_xyzc_8bit_spheres.tif", (25, 50, 50), "uint8", (2.0, 1.0, 1.0), 94282, channel=0),
    Readable("real/celegans_t044_raw.tif", (70, 256, 356), "uint8", (0.43, 0.18, 0.18), 82446706),
    Readable("real/celegans_dub_raw.tif", (33, 256, 384), "uint8", None, 35339411, notes=NO_SIZE),
    Readable("real/embryo_manual_label.tif", (103, 136, 136), "uint16", None, 45056393, notes=NO_SIZE),
    Readable("real/embryo_auto_label.tif", (103, 136, 136), "uint16", None, 31978990, notes=NO_SIZE),
    Readable("real/lateralroot_bad_plane_label.tif", (64, 200, 200), "uint16", None, 84099046, notes=NO_SIZE),
    Readable("biapy/cyst_3_raw.tif", (110, 130, 130), "uint8", (0.7, 0.615, 0.615), 39892367),
    Readable("biapy/cyst_3_label.tif", (110, 130, 130), "uint16", (0.7, 0.615, 0.615), 9383607),
)

ASKED = {
    "formats/czi/CellDivision_T3_Z5_CH2_X240_Y170.czi": (
        "holds 3 time points and 2 channels. Choose a time point with --time: 0 to 2. "
        "Choose the cell outlines channel with --channel: 0 = LED555, 1 = LED470."
    ),
    "formats/czi/CellDivision_T3_Z6_CH1_X300_Y200_DCV_ZSTD.czi": (
        "holds 3 time points. Choose one with --time: 0 to 2."
    ),
    "formats/czi/LLS7_small.czi": "0 = LatticeLightsheet 1-T1, 1 = LatticeLightsheet 2-T2.",
    "formats/czi/S3_1Pos_2Mosaic_T2_Z3_CH2_sm.czi": (
        "holds 3 scenes. Choose one with --scene, by name or number: 0 = TR1 (3 × 122 × 295, 2 channels, 2 times), "
        "1 = P1 (3 × 64 × 64, 2 channels, 2 times), 2 = TR2 (3 × 237 × 352, 2 channels, 2 times)."
    ),
    "formats/czi/tiles_z.czi": "holds 2 channels. Choose one with --channel, by name or number: 0 = Ch1, 1 = T PMT.",
    "formats/czi/xyz__multiple_images.czi": "0 = scene 0 (2 × 251 × 251), 1 = scene 1 (2 × 251 × 251).",
    "formats/lif/PR2729_frameOrderCombinedScanTypes.lif": "holds 4 scenes. Choose one with --scene",
    "formats/lif/xz-example.lif": "0 = xzt (2D), 1 = xzy (128 × 23 × 128, 2 channels), 2 = xz (2D).",
    "formats/nd2/cluster.nd2": "0 = 5-FAM/pH 9.0, 1 = FM 4-64/2% CHAPS.",
    "formats/ome-tiff/18x24y5z5t2c8b-text_2009-09.ome.tiff": "holds 5 time points and 2 channels.",
    "formats/tiff/bmcv_zcyx.tiff": "0 = channel 0, 1 = channel 1.",
    "formats/tiff/carcinoma_xyzt_imagej.tif": "holds 2 time points. Choose one with --time: 0 to 1.",
    "formats/tiff/ilastik_3d_c.tif": "holds 3 channels. Choose one with --channel",
    "formats/tiff/ilastik_3d_t.tif": "holds 5 time points. Choose one with --time: 0 to 4.",
    "formats/tiff/ilastik_3d_t_no_meta.tif": "holds 5 time points.",
    "formats/tiff/ilastik_3d_t_other_meta.tif": "holds 5 time points.",
    "formats/tiff/ilastik_5d.tif": "holds 5 time points and 3 channels.",
    "formats/tiff/neubias_xyzc_16bit__spots.tif": "holds 2 channels.",
    "formats/tiff/neubias_xyzc_8bit_spheres.tif": "holds 2 channels.",
    "biapy/cyst_3_per_image_3.7.1.tif": "holds 3 channels.",
}
"""Files that cannot be read without a choice, and what is said then."""

FLAT = "is 2D. CartoCell needs a stack with several slices."

REFUSED = {
    "formats/czi/100x100.czi": FLAT,
    "formats/czi/DAPI_GFP.czi": FLAT,
    "formats/czi/RGB-8bit.czi": "is a colour (RGB) picture.",
    "formats/dv/toxo.dv": "is of a format that CartoCell does not read. It reads .tif, .tiff, .czi, .lif, .nd2, .zarr",
    "formats/nd2/example-multichannel.nd2": FLAT,
    "formats/ome-tiff/Iron-Plate_2007-06.ome.tiff": FLAT,
    "formats/ome-tiff/aics_s_1_t_1_c_1_z_1.ome.tiff": FLAT,
    "formats/ome-tiff/multi-channel-time-series.ome.tif": FLAT + " It has 7 time points, but only one slice",
    "formats/omezarr/hcs_example.ome.zarr": "is a plate of wells without its pixel data.",
    "formats/tiff/bmcv_multiseries.ome.tiff": FLAT,
    "formats/tiff/ilastik_2d.tif": FLAT,
    "formats/tiff/ilastik_2d_stringified_tuple.tif": FLAT,
    "formats/tiff/ilastik_2d_t.tif": FLAT + " It has 5 time points, but only one slice",
    "formats/tiff/ilastik_2d_zero_division.tif": FLAT,
    "formats/tiff/neubias_xy_16bit__scanR_datatype_issue.tif": FLAT,
    "formats/tiff/neubias_xy_rgb__cells.tif": "is a colour (RGB) picture.",
    "formats/tiff/neubias_xyc_16bit__membranes_nuclei_hot_pixel.tif": FLAT,
    "formats/tiff/plantseg_rgb_3D_zcyx_nometa.tif": "It does not say which of its axes (75 × 2) are slices, channels",
}
"""Files that are no stacks, and what is said about them."""

LABELS = {
    "real/embryo_manual_label.tif": 78,
    "real/embryo_auto_label.tif": 78,
    "real/lateralroot_bad_plane_label.tif": 106,
    "biapy/cyst_3_label.tif": 60,
    "biapy/cyst_3_instances_3.7.1.tif": 174,
    "biapy/cyst_3_post_processing_3.7.1.tif": 174,
}
"""Label files, the two last of them stored as floating point, and their largest label."""


def test_every_file_is_in_one_of_the_tables(shared_data: Path) -> None:
    known = {one.file for one in READABLE} | ASKED.keys() | REFUSED.keys() | LABELS.keys()
    folders = [folder for folder in (shared_data / "formats").iterdir() if folder.is_dir()]
    files = [file for folder in folders for file in folder.iterdir()]
    files += [*(shared_data / "real").glob("*.tif"), *(shared_data / "biapy").glob("*.tif")]
    assert {str(file.relative_to(shared_data)) for file in files} <= known


@pytest.mark.parametrize("truth", READABLE, ids=lambda one: f"{Path(one.file).name}-{one.scene}-{one.channel}")
def test_file_is_read_right(shared_data: Path, truth: Readable) -> None:
    path = shared_data / truth.file
    assert is_stack_path(path)
    stack = read(path, scene=truth.scene, time=truth.time, channel=truth.channel)
    assert stack.data.shape == truth.shape
    assert stack.data.dtype == truth.dtype
    assert int(stack.data.sum(dtype=np.uint64)) == truth.total
    if truth.voxel_um is None:
        assert stack.voxel_size is None
    else:
        assert stack.voxel_size is not None
        assert stack.voxel_size.zyx_um == pytest.approx(truth.voxel_um, rel=1e-5)
    said = " ".join(stack.notes)
    assert all(words in said for words in truth.notes)
    if not truth.notes:
        assert stack.notes == ()


@pytest.mark.parametrize("file", ASKED)
def test_choice_is_asked_for(shared_data: Path, file: str) -> None:
    path = shared_data / file
    with pytest.raises(UserError) as asked:
        read(path)
    assert str(asked.value).startswith(path.name)
    assert ASKED[file] in str(asked.value)


@pytest.mark.parametrize("file", REFUSED)
def test_what_is_no_stack_is_refused(shared_data: Path, file: str) -> None:
    path = shared_data / file
    with pytest.raises(UserError) as refused:
        read(path)
    assert str(refused.value).startswith(path.name)
    assert REFUSED[file] in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("file", LABELS)
def test_labels_are_read(shared_data: Path, file: str) -> None:
    labels, _ = read_labels(shared_data / file)
    assert labels.dtype == np.uint16
    assert labels.max() == LABELS[file]
    assert np.array_equal(labels, tifffile.imread(shared_data / file))


@pytest.mark.parametrize(
    "file", ["formats/tiff/bmcv_zcyx.tiff", "biapy/cyst_3_per_image_3.7.1.tif", "formats/tiff/ilastik_3d_t.tif"]
)
def test_several_channels_or_times_are_no_labels(shared_data: Path, file: str) -> None:
    with pytest.raises(UserError, match="several channels or time points"):
        read_labels(shared_data / file)


def test_probabilities_are_no_labels(shared_data: Path, tmp_path: Path) -> None:
    maps = tifffile.imread(shared_data / "biapy" / "cyst_3_per_image_3.7.1.tif")
    tifffile.imwrite(tmp_path / "maps.tif", maps[:8, 0])
    with pytest.raises(UserError, match="numbers with a fraction"):
        read_labels(tmp_path / "maps.tif")


@pytest.mark.parametrize(
    ("file", "page"),
    [
        # ImageJ's order of pages is T, Z, C.
        ("formats/tiff/ilastik_5d.tif", lambda t, c, z: t * 15 + z * 3 + c),
        # This file's OME-XML says IFD = t · 10 + c · 5 + z.
        ("formats/ome-tiff/18x24y5z5t2c8b-text_2009-09.ome.tiff", lambda t, c, z: t * 10 + c * 5 + z),
    ],
)
def test_planes_come_from_the_right_pages(shared_data: Path, file: str, page) -> None:
    sizes = describe(shared_data / file).scenes[0].sizes
    for t in range(sizes["t"]):
        for c in range(sizes["c"]):
            data = read(shared_data / file, time=t, channel=c).data
            pages = [page(t, c, z) for z in range(sizes["z"])]
            assert np.array_equal(data, tifffile.imread(shared_data / file, key=pages))


def test_leica_planes_lie_where_the_file_says(shared_data: Path) -> None:
    path = shared_data / "formats" / "lif" / "PR2729_frameOrderCombinedScanTypes.lif"
    # Memory block 86 begins here; BytesInc in the XML: T 98304, M 24576, Z 8192, channel 4096.
    for t, tile, channel in ((0, 0, 0), (0, 3, 1), (1, 1, 0), (1, 2, 1)):
        starts = [30821 + t * 98304 + tile * 24576 + z * 8192 + channel * 4096 for z in range(3)]
        content = path.read_bytes()
        planes = [np.frombuffer(content, np.uint8, 4096, start).reshape(64, 64) for start in starts]
        assert np.array_equal(read(path, scene=tile, time=t, channel=channel).data, planes)


def test_leica_xz_planes_become_slices(shared_data: Path) -> None:
    path = shared_data / "formats" / "lif" / "xz-example.lif"
    # Memory block 88 begins here; BytesInc in the XML: Y 32768, channel 16384, Z 128, X 1.
    recorded = np.frombuffer(path.read_bytes(), np.uint8, 23 * 2 * 128 * 128, 746565).reshape(23, 2, 128, 128)
    data = read(path, scene="xzy", channel=0).data
    assert all(np.array_equal(data[:, y], recorded[y, 0]) for y in range(23))


def test_uncompressed_zeiss_plane_is_found_in_the_bytes(shared_data: Path) -> None:
    path = shared_data / "formats" / "czi" / "LLS7_small.czi"
    plane = read(path, time=1, channel=1).data[2]
    assert plane.astype("<u2").tobytes() in path.read_bytes()


def test_zarr_and_tiff_of_the_same_picture_are_equal(shared_data: Path) -> None:
    zarr = read(shared_data / "formats" / "omezarr" / "xyz_8bit__mitotic_plate_calibrated.ome.zarr")
    tiff = read(shared_data / "formats" / "tiff" / "neubias_xyz_8bit__mitotic_plate_calibrated.tif")
    assert np.array_equal(zarr.data, tiff.data)
    assert zarr.voxel_size is not None
    assert tiff.voxel_size is not None
    assert zarr.voxel_size.zyx_um == pytest.approx(tiff.voxel_size.zyx_um, rel=1e-6)
    assert (zarr.voxel_size.source, tiff.voxel_size.source) == ("OME-Zarr metadata", "ImageJ tag")


def test_scenes_are_described_for_a_dialog(shared_data: Path) -> None:
    info = describe(shared_data / "formats" / "lif" / "xz-example.lif")
    assert info.format_name == "LIF"
    assert [scene.name for scene in info.scenes] == ["xzt", "xzy", "xz"]
    assert info.scenes[0].sizes == {"t": 20, "c": 2, "z": 128, "y": 1, "x": 128}
    assert [scene.is_volume for scene in info.scenes] == [False, True, False]
    assert info.scenes[1].channel_names == ("Green", "Red")
    assert info.scenes[1].dtype == "uint8"


def test_2d_nikon_file_claims_no_slice_distance(shared_data: Path) -> None:
    scene = describe(shared_data / "formats" / "nd2" / "example-multichannel.nd2").scenes[0]
    # The nd2 library itself says z = 1.0 µm here.
    assert scene.voxel_size is None
    assert "how far apart" in " ".join(scene.notes)
    assert scene.channel_names == ("Mono", "DAPI", "FITC BP", "TRITC BP")


def test_colour_is_seen_before_it_is_read(shared_data: Path) -> None:
    assert describe(shared_data / "formats" / "czi" / "RGB-8bit.czi").scenes[0].rgb
    assert describe(shared_data / "formats" / "tiff" / "neubias_xy_rgb__cells.tif").scenes[0].rgb


CUTTABLE = [
    "formats/czi/LLS7_small.czi",
    "formats/lif/xz-example.lif",
    "formats/nd2/cluster.nd2",
    "formats/nd2/example-zstack.nd2",
    "formats/ome-tiff/18x24y5z5t2c8b-text_2009-09.ome.tiff",
    "formats/tiff/bmcv_multiseries.ome.tiff",
    "formats/tiff/carcinoma_xyzt_imagej.tif",
    "real/celegans_t044_raw.tif",
]


@pytest.mark.parametrize("file", CUTTABLE)
@pytest.mark.parametrize("share", [0.05, 0.5, 0.7])
def test_truncated_file_is_refused_in_a_sentence(shared_data: Path, tmp_path: Path, file: str, share: float) -> None:
    content = (shared_data / file).read_bytes()
    path = tmp_path / Path(file).name
    path.write_bytes(content[: int(len(content) * share)])
    whole = describe(shared_data / file).scenes
    number, last = max(enumerate(whole), key=lambda scene: scene[1].is_volume)
    with pytest.raises(UserError) as refused:
        read(path, scene=number, time=last.sizes["t"] - 1, channel=last.sizes["c"] - 1)
    said = str(refused.value)
    assert said.startswith(path.name)
    assert any(words in said for words in ("damaged or incomplete", "copied completely", "Copy it again"))


@pytest.mark.parametrize(
    "file", ["formats/czi/LLS7_small.czi", "formats/lif/xz-example.lif", "formats/nd2/cluster.nd2"]
)
@pytest.mark.parametrize("folder", ["Épithélium Müller, 40×", "日本 語", "a.b c"])
def test_folders_may_have_any_name(shared_data: Path, tmp_path: Path, file: str, folder: str) -> None:
    path = tmp_path / folder / f"Cyst 4d filt 2po Pha,Bcat,DAPI 02.08.19 {Path(file).name}"
    path.parent.mkdir()
    path.write_bytes((shared_data / file).read_bytes())
    scene = "xzy" if path.suffix == ".lif" else 0
    assert read(path, scene=scene, time=0, channel=0).data.any()


def test_nikon_recording_that_was_stopped_is_refused(shared_data: Path, tmp_path: Path) -> None:
    path = tmp_path / "stopped.nd2"
    content = (shared_data / "formats" / "nd2" / "cluster.nd2").read_bytes()
    # The attribute that counts the frames taken: its name in UTF-16, then the number, 30 of them.
    name = "uiSequenceCount\0".encode("utf-16-le")
    place = content.index(name) + len(name)
    assert struct.unpack_from("<I", content, place) == (30,)
    path.write_bytes(content[:place] + struct.pack("<I", 25) + content[place + 4 :])
    assert read(path, time=1, channel=0).data.shape == (10, 31, 38)
    with pytest.raises(UserError, match="lacks 5 of the 10 slices"):
        read(path, time=2, channel=0)
