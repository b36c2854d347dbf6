"""BiaPy's configuration files: what each gives, other versions' names, and what is said of the rest."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cartocell_app.errors import UserError
from cartocell_app.jobs.biapy_config import read_config
from cartocell_app.jobs.biapy_yaml import RENAMED, Keys, evaluated
from cartocell_app.segmentation.settings import PROFILES, EightBitThreshold, FixedThreshold, OtsuThreshold
from tests.jobs.biapy_files import PUBLISHED, published, small
from training.settings import PRESETS, training_settings


def trained_as(config):
    """Settings that `cartocell train` makes of what it is given."""
    values = dict(config.training)
    return training_settings(values.pop("preset"), **values)


def settings_of(config):
    """The profile with the numbers of the file."""
    return config.rules.settings(config.profile)


def said(config):
    return " ".join(config.remarks)


def test_the_training_of_the_paper(tmp_path):
    config = read_config(published(tmp_path, "cartocell_training.yaml"))
    assert (config.train, config.test) == (True, False)
    # The preset is the published recipe; the file adds nothing to it but BiaPy's seed.
    assert trained_as(config) == PRESETS["paper"].model_copy(update={"seed": 0})
    assert config.training_set.raw == Path("TRAIN_X")
    assert config.training_set.labels == Path("TRAIN_Y")
    assert config.validation_set is not None
    assert config.validation_set.labels == Path("VAL_Y")
    assert config.profile == "biapy-cartocell"
    assert "0.02" in said(config)  # what BiaPy 3 would make of it


def test_the_training_of_the_latest_files(tmp_path):
    config = read_config(published(tmp_path, "cartocell_training_latest.yaml"))
    settings = trained_as(config)
    assert settings == PRESETS["biapy-latest"].model_copy(update={"seed": 0})
    assert (settings.weight_decay, settings.schedule, settings.rebalance) == (0.02, "one-cycle", True)
    assert settings.augmentation.rotate == 0.5


def test_the_inference_of_the_paper(tmp_path):
    config = read_config(published(tmp_path, "cartocell_inference.yaml"))
    assert (config.train, config.test, config.score, config.voronoi) == (False, True, True, True)
    assert config.training == {}
    assert settings_of(config) == PROFILES["biapy-cartocell"]
    assert config.checkpoint == Path("/home/user/model_weights_cartocell.h5")
    assert config.test_set.raw == Path("TEST_X")
    assert "0.2," in said(config)
    assert "0.25" in said(config)


def test_the_inference_of_the_latest_files(tmp_path):
    config = read_config(published(tmp_path, "cartocell_inference_latest.yaml"))
    assert settings_of(config) == PROFILES["biapy-3.5"]
    assert config.score
    assert "Otsu" in said(config)


@pytest.mark.parametrize("name", PUBLISHED)
def test_each_key_of_a_published_file_is_accounted_for_once(tmp_path, name):
    config = read_config(published(tmp_path, name))
    assert "Not understood" not in said(config)
    for key in ("SYSTEM.NUM_CPUS", "DATA.REFLECT_TO_COMPLETE_SHAPE"):
        assert said(config).count(key) == 1
    assert "CLEAR_BORDER" not in said(config)  # off: it asks for nothing
    unused = "No test" if config.train else "No training"
    assert said(config).count(unused) == 1


def test_numbers_count_before_otsu(tmp_path):
    numbers = "DATA_MW_TH_BINARY_MASK: 0.31\n        DATA_MW_TH_FOREGROUND: '0.41'\n        DATA_REMOVE_BEFORE_MW"
    config = read_config(published(tmp_path, "cartocell_inference_latest.yaml", DATA_REMOVE_BEFORE_MW=numbers))
    settings = settings_of(config)
    assert settings.seeds.interior == FixedThreshold(value=0.31)
    assert settings.seeds.contour == OtsuThreshold()
    assert settings.foreground == FixedThreshold(value=0.41)
    assert "the numbers count" in said(config)


def test_without_numbers_and_without_auto_the_paper_s_hold(tmp_path):
    config = read_config(small(tmp_path, "SYSTEM:\n  NUM_WORKERS: 5"))
    assert config.profile == "biapy-3.5"
    assert settings_of(config).seeds.interior == FixedThreshold(value=0.2)
    assert "the paper's" in said(config)


def test_manual_thresholds_small_objects_and_voronoi(tmp_path):
    text = """
    PROBLEM:
      INSTANCE_SEG:
        DATA_MW_TH_TYPE: manual
        DATA_MW_TH_CONTOUR: .3
        DATA_REMOVE_BEFORE_MW: {removes}
        DATA_REMOVE_SMALL_OBJ_BEFORE: 30
    """
    tail = "TEST:\n  ENABLE: True\n  POST_PROCESSING:\n    VORONOI_TH: 0.6\n    VORONOI_ON_MASK: False\n"
    kept = read_config(small(tmp_path, text.format(removes=False), tail))
    assert settings_of(kept).seeds.min_vox == 0
    assert settings_of(kept).seeds.contour == FixedThreshold(value=0.3)
    assert settings_of(kept).tissue == FixedThreshold(value=0.6)
    assert not kept.voronoi
    assert settings_of(read_config(small(tmp_path, text.format(removes=True), tail))).seeds.min_vox == 30


def test_models_of_3_7_leave_out_seeds_of_just_that_size(tmp_path):
    config = read_config(small(tmp_path, "PROBLEM:\n  INSTANCE_SEG:\n    DATA_CHANNELS: ['F', 'C', 'M']\n    "
                               "DATA_MW_TH_TYPE: auto\n    DATA_REMOVE_BEFORE_MW: True"))  # fmt: skip
    assert config.profile == "biapy-3.7"
    assert settings_of(config) == PROFILES["biapy-3.7"]


def test_names_of_2022(tmp_path):
    text = """
    SYSTEM:
      NUM_GPUS: 1
    PROBLEM:
      INSTANCE_SEG:
        DATA_MW_TH1: 0.2
        DATA_MW_TH2: 0.1
        DATA_MW_TH3: 0.25
        DATA_REMOVE_SMALL_OBJ: 7
        DATA_REMOVE_BEFORE_MW: True
    DATA:
      TEST: {PATH: a, MASK_PATH: b, LOAD_GT: True}
      TRAIN: {PATH: c, MASK_PATH: d}
    MODEL:
      Z_DOWN: 1
    TRAIN: {ENABLE: True}
    """
    config = read_config(small(tmp_path, text))
    assert config.profile == "paper-2022"
    seeds = settings_of(config).seeds
    assert seeds.interior == EightBitThreshold(value=0.2)
    assert seeds.contour == EightBitThreshold(value=0.1)
    assert settings_of(config).foreground == EightBitThreshold(value=0.25)
    assert seeds.min_vox == 7
    assert settings_of(config).landscape == PROFILES["paper-2022"].landscape
    assert (config.test_set.labels, config.training_set.labels) == (Path("b"), Path("d"))
    assert trained_as(config).z_pool == (1, 1)
    assert "SYSTEM.NUM_GPUS" in said(config)


def test_the_short_names_that_the_tutorial_s_text_uses(tmp_path):
    config = read_config(
        small(tmp_path, "VAL: {PATH: v, GT_PATH: w}", "TRAIN: {ENABLE: True, PATH: a, GT_PATH: b}\n"),
    )
    assert (config.training_set.raw, config.training_set.labels) == (Path("a"), Path("b"))
    assert config.validation_set is not None
    assert config.validation_set.labels == Path("w")


def test_one_thing_said_twice(tmp_path):
    text = "DATA:\n  TEST: {MASK_PATH: a, GT_PATH: b}"
    with pytest.raises(UserError, match=r"DATA\.TEST\.MASK_PATH and DATA\.TEST\.GT_PATH|two values"):
        read_config(small(tmp_path, text))


def test_training_numbers_of_all_kinds(tmp_path):
    text = """
    DATA:
      PATCH_SIZE: (40,\t80, 80, 1)
      NORMALIZATION: {TYPE: zero_mean_unit_variance}
      VAL: {FROM_TRAIN: True, PATH: ignored, SPLIT_TRAIN: 0.2}
    MODEL:
      FEATURE_MAPS: (8, 16)
      Z_DOWN: [2]
      DROPOUT_VALUES: [0, 0]
      NORMALIZATION: none
    SYSTEM: {SEED: 7}
    AUGMENTOR: {ENABLE: true, DA_PROB: 0.25, HFLIP: True, VFLIP: True, ELASTIC: 'True', CONTRAST: True, E_SIGMA: 4}
    TRAIN:
      ENABLE: True
      OPTIMIZER: ['ADAMW']
      LR: ['5e-4']
      W_DECAY: 0
      PATIENCE: -1
      BATCH_SIZE: 4.0
    """
    config = read_config(small(tmp_path, text, ""))
    settings = trained_as(config)
    assert settings.patch == (40, 80, 80)
    assert (settings.feature_maps, settings.z_pool, settings.dropout, settings.norm) == ((8, 16), (2,), 0, "none")
    assert (settings.optimiser, settings.learning_rate, settings.weight_decay) == ("adamw", 5e-4, 0)
    assert (settings.seed, settings.batch, settings.schedule, settings.rebalance) == (7, 4, "constant", False)
    assert settings.patience is not None
    assert settings.patience > settings.epochs
    assert settings.normalisation.kind == "zscore"
    assert config.validation_set is None
    # Two of three mirrors: CartoCell has all or none, and does not do what was not asked for.
    assert (settings.augmentation.flip, settings.augmentation.elastic, settings.augmentation.rotate) == (0, 0.25, 0)
    assert "AUGMENTOR.ZFLIP" in said(config)
    for key in ("AUGMENTOR.CONTRAST", "AUGMENTOR.E_SIGMA", "DATA.VAL.SPLIT_TRAIN"):
        assert said(config).count(key) == 1


def test_without_augmentation(tmp_path):
    config = read_config(small(tmp_path, "AUGMENTOR: {ENABLE: False, ELASTIC: True}", "TRAIN: {ENABLE: True}"))
    augmentation = trained_as(config).augmentation.model_dump()
    assert not any(value for name, value in augmentation.items() if name not in ("elastic_vox", "brightness_range"))


def test_what_is_not_done_or_not_understood_is_listed_once(tmp_path):
    text = """
    PROBLEM:
      INSTANCE_SEG: {DATA_CHECK_MW: True, WATERSHED: {ERODE: 3}}
    TESTS: {ENABLE: True}
    DATA: {TEST: {RESOLUTION: (1,1,1)}}
    """
    tail = "TEST:\n  ENABLE: True\n  AUGMENTATION: True\n  POST_PROCESSING: {CLEAR_BORDER: True}\n"
    config = read_config(small(tmp_path, text, tail))
    listed = next(line for line in config.remarks if line.startswith("Not understood"))
    assert "PROBLEM.INSTANCE_SEG.WATERSHED.ERODE" in listed
    assert "TESTS.ENABLE" in listed
    for key in (
        "TEST.AUGMENTATION",
        "TEST.POST_PROCESSING.CLEAR_BORDER",
        "PROBLEM.INSTANCE_SEG.DATA_CHECK_MW",
        "DATA.TEST.RESOLUTION",
    ):
        assert said(config).count(key) == 1
    assert "border are kept" in said(config)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("PROBLEM: {TYPE: SEMANTIC_SEG}", "PROBLEM.TYPE"),
        ("PROBLEM: {NDIM: 2D}", "PROBLEM.NDIM"),
        ("PROBLEM: {INSTANCE_SEG: {DATA_CHANNELS: BP}}", "PROBLEM.INSTANCE_SEG.DATA_CHANNELS"),
        ("PROBLEM: {INSTANCE_SEG: {DATA_MW_TH1: 51}}", "PROBLEM.INSTANCE_SEG.DATA_MW_TH1"),
        ("PROBLEM: {INSTANCE_SEG: {DATA_MW_TH_TYPE: otsu}}", "PROBLEM.INSTANCE_SEG.DATA_MW_TH_TYPE"),
        ("PROBLEM: {INSTANCE_SEG: {DATA_REMOVE_SMALL_OBJ: -5}}", "PROBLEM.INSTANCE_SEG.DATA_REMOVE_SMALL_OBJ"),
        ("MODEL: {ARCHITECTURE: unet}", "MODEL.ARCHITECTURE"),
        ("MODEL: {Z_DOWN: [1, 1, 1], FEATURE_MAPS: [8, 8]}", "MODEL.Z_DOWN"),
        ("MODEL: {Z_DOWN: [1, 3]}", "MODEL.Z_DOWN"),
        ("MODEL: {FEATURE_MAPS: []}", "MODEL.FEATURE_MAPS"),
        ("MODEL: {DROPOUT_VALUES: [0.1, 0.2, 0.3]}", "MODEL.DROPOUT_VALUES"),
        ("MODEL: {NORMALIZATION: in}", "MODEL.NORMALIZATION"),
        ("DATA: {PATCH_SIZE: '(80, 80, 1)'}", "DATA.PATCH_SIZE"),
        ("DATA: {PATCH_SIZE: '(80, 80, 80, 3)'}", "DATA.PATCH_SIZE"),
        ("DATA: {TEST: {PATH: 5}}", "DATA.TEST.PATH"),
        ("DATA: {TEST: {LOAD_GT: 1}}", "DATA.TEST.LOAD_GT"),
        ("LOSS: {TYPE: DICE}", "LOSS.TYPE"),
        ("AUGMENTOR: {BRIGHTNESS_FACTOR: '(0.3, 0.1)'}", "AUGMENTOR.BRIGHTNESS_FACTOR"),
        ("TRAIN: {ENABLE: perhaps}", "TRAIN.ENABLE"),
        ("TRAIN: {ENABLE: True, EPOCHS: 0}", "TRAIN.EPOCHS"),
        ("TRAIN: {ENABLE: True, EPOCHS: .nan}", "TRAIN.EPOCHS"),
        ("TRAIN: {ENABLE: True, PATIENCE: 0}", "TRAIN.PATIENCE"),
        ("TRAIN: {ENABLE: True, LR: fast}", "TRAIN.LR"),
        ("TRAIN: {ENABLE: True, OPTIMIZER: SGD}", "TRAIN.OPTIMIZER"),
        ("TRAIN: {ENABLE: True, LR_SCHEDULER: {NAME: warmupcosine}}", "TRAIN.LR_SCHEDULER.NAME"),
    ],
)
def test_a_wrong_value_is_one_sentence_with_key_and_file(tmp_path, text, key):
    tail = "" if text.startswith("TRAIN:") else "TRAIN: {ENABLE: True}\n"
    path = small(tmp_path, text, tail + "TEST: {ENABLE: True}\n")
    with pytest.raises(UserError) as error:
        read_config(path)
    assert key in error.value.title
    assert path.name in error.value.title
    assert error.value.body


def test_wrong_training_values_do_not_hinder_a_test(tmp_path):
    config = read_config(small(tmp_path, "TRAIN: {ENABLE: False, OPTIMIZER: SGD}"))
    assert config.test
    assert "No training was asked for" in said(config)


def test_a_file_that_asks_for_nothing(tmp_path):
    with pytest.raises(UserError, match="asks for nothing"):
        read_config(small(tmp_path, "TRAIN: {ENABLE: False}", "TEST: {ENABLE: False}\n"))


@pytest.mark.parametrize(
    "text",
    [
        "TEST: !!python/object/apply:os.system ['touch harm']",
        "TEST: {PATH: !!python/name:os.system ''}",
        "TEST: {ENABLE: True",
        "just words",
        "- a\n- b",
        "",
        "ENABLE: True",
        "TEST: &again\n  ENABLE: True\n  MORE: *again",
        "TEST:\n" + "".join(f"  {'K' * (depth + 1)}: &a{depth} {{}}\n" for depth in range(2100)),
        "A: &a {x: 1, y: 2}\nB: &b {p: *a, q: *a, r: *a}\nC: &c {p: *b, q: *b, r: *b}\nD: &d {p: *c, q: *c, r: *c}\n"
        "E: &e {p: *d, q: *d, r: *d}\nF: &f {p: *e, q: *e, r: *e}\nG: {p: *f, q: *f, r: *f}",
    ],
)
def test_hostile_and_broken_files_are_refused_in_a_sentence(tmp_path, monkeypatch, text):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "job.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as error:
        read_config(path)
    assert "job.yaml" in error.value.title
    assert list(tmp_path.iterdir()) == [path]


def test_files_that_are_no_text(tmp_path):
    path = tmp_path / "job.yaml"
    path.write_bytes(b"TEST: {PATH: Jos\xe9}")
    with pytest.raises(UserError, match="UTF-8"):
        read_config(path)
    path.write_bytes(b" " * (2 << 20))
    with pytest.raises(UserError, match="too large"):
        read_config(path)
    with pytest.raises(UserError, match="no file"):
        read_config(tmp_path / "nowhere.yaml")
    with pytest.raises(UserError, match="cannot be read"):
        read_config(tmp_path)


def test_tabs_windows_line_ends_and_a_last_line_without_end(tmp_path):
    path = tmp_path / "job.yaml"
    path.write_bytes("\ufeffTEST:\t# test\r\n\tENABLE:\tTrue\t\r\n\tMATCHING_STATS: False".encode())
    assert read_config(path).test
    assert not read_config(path).score


def test_paths_count_from_the_file_where_they_are_not_here(tmp_path, monkeypatch):
    (tmp_path / "stacks").mkdir()
    config = read_config(small(tmp_path, "DATA: {TEST: {PATH: stacks, GT_PATH: ~/truth}}"))
    assert config.test_set.raw == tmp_path / "stacks"
    assert config.test_set.labels == Path.home() / "truth"


def test_values_are_spelt_as_yacs_takes_them():
    assert evaluated("(80, 80, 80, 1)") == (80, 80, 80, 1)
    assert evaluated("1e-4") == 1e-4
    assert evaluated(" True ") is True
    for text in ("__import__('os').getcwd()", "3D", "/home/user/x", "1/2", "(" * 500):
        assert evaluated(text) == text


@given(
    st.dictionaries(
        st.sampled_from([key for key in RENAMED.values() if key.count(".") == 2]),
        st.one_of(
            st.booleans(),
            st.integers(),
            st.floats(),
            st.text("0123e.-(),[]' TrueFalse", max_size=8),
            st.lists(st.integers(), max_size=3),
        ),
    )
)
def test_whatever_stands_in_a_file_gives_settings_or_a_sentence(tmp_path_factory, values):
    content = {"TEST": {"ENABLE": True}}
    for key, value in values.items():
        first, second, third = key.split(".")
        content.setdefault(first, {}).setdefault(second, {})[third] = value
    path = tmp_path_factory.mktemp("any") / "job.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    assert set(values) <= set(Keys(path).left)  # nothing is lost on reading
    try:
        config = read_config(path)
    except UserError as error:
        refusal = error.title
    else:
        refusal = None
        assert config.test
    assert refusal is None or "job.yaml" in refusal


def test_the_configuration_of_a_real_run(shared_data):
    config = read_config(shared_data / "biapy" / "run_3.7.1.yaml")
    assert (config.train, config.test, config.score) == (True, True, True)
    assert trained_as(config) == PRESETS["biapy-latest"].model_copy(update={"seed": 0, "epochs": 1})
    assert settings_of(config) == PROFILES["biapy-3.5"]
    assert "Not understood" not in said(config)
