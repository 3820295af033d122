"""The emoji world: treatments of a drawing, questions about a scene, scenes as code."""
import json
from pathlib import Path
from random import Random
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from any_to_any_training.data.captions import prompt, tinted
from any_to_any_training.data.compose import Atlas, compose, with_treated
from any_to_any_training.data.concepts import COLOUR_NAMES, CONCEPTS, DRAWN, STYLES, TINTS, TREATED
from any_to_any_training.data.questions import KINDS, ask_about, kinds_of
from any_to_any_training.data.scene import Scene, placements, random_scene
from any_to_any_training.data.scene_code import read_code, scene_code
from any_to_any_training.data.splits import held_out, held_out_scene
from any_to_any_training.data.strangers import stranger, two_strangers
from any_to_any_training.data.treatments import TREATMENTS, any_treatment, tint, wash
from any_to_any_training.decoder.ids import IdTable
from any_to_any_training.decoder.sequence import image_part, picture_part
from any_to_any_training.decoder.warm_encoder import NOTHING, there
from any_to_any_training.evaluate.judge import shrunk
from any_to_any_training.tokenizer.model import ImageTokenizer, TokenizerConfig

CAT, DOG = (next(i for i, c in enumerate(CONCEPTS) if c.en == name) for name in ("cat", "dog"))


def test_treatments_by_hand():
    red = np.array([[[255, 0, 0, 128]]], np.uint8)
    assert TREATMENTS["gray"](red)[0, 0].tolist() == [76, 76, 76, 128]  # 0.299 * 255
    assert TREATMENTS["gold"](red)[0, 0].tolist() == [139, 70, 30, 128]  # 0.299 of the way from (90, 8, 8) to (255, 214, 80)
    assert TREATMENTS["pastel"](red)[0, 0].tolist() == [255, 140, 140, 128]
    assert TREATMENTS["silhouette"](red)[0, 0].tolist() == [46, 44, 64, 128]
    assert red[0, 0].tolist() == [255, 0, 0, 128]  # what went in is as it was


def test_any_treatment_keeps_the_shape_and_changes_the_colours():
    sprite = np.random.default_rng(3).integers(0, 256, (8, 8, 4)).astype(np.uint8)
    made = [any_treatment(Random(seed))(sprite) for seed in range(40)]
    assert all(np.array_equal(one[..., 3], sprite[..., 3]) for one in made)
    assert len({one.tobytes() for one in made}) == 40
    assert any(len(np.unique(one[..., :3].reshape(-1, 3), axis=0)) == 1 for one in made)  # some are flat


def test_a_tint_by_hand():
    """Deep .3, pale .65 of the way to white: red (200, 0, 0) is between (60, 0, 0) and (235.75, 165.75, 165.75)."""
    middle = tint((200, 0, 0), SimpleNamespace(uniform=lambda low, high: (low + high) / 2))
    greys = np.array([[[0, 0, 0, 9], [255, 255, 255, 9]]], np.uint8)
    assert middle(greys)[0].tolist() == [[60, 0, 0, 9], [236, 166, 166, 9]]


def test_a_wash_by_hand():
    """Pale .6, share .5: red (200, 0, 0) becomes (233, 153, 153), and half of that lies over everything."""
    middle = wash((200, 0, 0), SimpleNamespace(uniform=lambda low, high: round((low + high) / 2, 6)))
    assert middle(np.array([[[0, 100, 255, 9]]], np.uint8))[0].tolist() == [[116, 126, 204, 9]]


def test_a_tint_is_asked_for_by_name():
    fox = Scene("single", (CAT,), "noto", "white")
    said = {prompt(fox, language, Random(seed), styled=True, style=tinted("blue")) for seed in range(60) for language in ("en", "ko")}
    assert {"a blue-tinted cat", "파란 색조 고양이"} <= said and not any("emoji" in words or "이모지" in words for words in said)
    assert set(TINTS) < set(COLOUR_NAMES) and not {"black", "white", "gray"} & set(TINTS)  # those would be the treatments by another name


def test_treated_styles_follow_the_drawn_ones():
    drawn = np.random.default_rng(1).integers(0, 256, (len(DRAWN), 2, 8, 8, 4)).astype(np.uint8)
    every = with_treated(drawn)
    assert every.shape[0] == len(STYLES) and np.array_equal(every[: len(DRAWN)], drawn)
    assert np.array_equal(every[STYLES.index("gray")], TREATMENTS["gray"](drawn[0]))


def test_only_treatments_are_held_out_with_a_concept():
    random = Random(2)
    assert {held_out_scene(random, {"single": 1.0}, "style").style for _ in range(200)} == set(TREATED)
    assert not any("style" in held_out(Scene("single", (c,), style, "white")) for c in range(len(CONCEPTS)) for style in DRAWN)


def test_questions_by_hand():
    pair = Scene("pair", (CAT, DOG), "noto", "pink", vertical=False)
    first = Random(1)  # begins below one half: asks about the first object
    assert Random(1).random() < 0.5
    assert ask_about(pair, "where", "en", first) == ("where is the cat?", "to the left of the dog")
    assert ask_about(pair, "what", "en", Random(1)) == ("what is to the left of the dog?", "a cat")
    assert ask_about(pair, "colour", "ko", Random(1)) == ("배경은 무슨 색이야?", "분홍색")
    assert ask_about(pair, "where", "ko", Random(1))[1].endswith("왼쪽")
    assert ask_about(Scene("count", (CAT,), "noto", "red", count=3), "count", "en", Random(1)) == ("how many cats are there?", "three")


def test_an_answer_depends_on_which_object_is_asked_about():
    pair = Scene("pair", (CAT, DOG), "noto", "pink", vertical=True)
    answers = {ask_about(pair, "where", "en", Random(seed)) for seed in range(20)}
    assert answers == {("where is the cat?", "above the dog"), ("where is the dog?", "below the cat")}


def test_every_question_of_a_scene_has_an_answer():
    random = Random(4)
    for _ in range(300):
        scene = random_scene(random, {"single": 1, "pair": 1, "count": 1})
        for kind in kinds_of(scene):
            assert kind in KINDS
            for language in ("en", "ko"):
                asked, right = ask_about(scene, kind, language, random)
                assert asked.endswith("?") and right


def test_scene_code_round_trip():
    random = Random(5)
    for _ in range(300):
        scene = random_scene(random, {"single": 1, "pair": 1, "count": 1})
        assert read_code(scene_code(scene)) == (scene.colour, scene.style, placements(scene))


def test_scene_code_by_hand():
    assert scene_code(Scene("single", (CAT,), "gold", "red", size=32, x=16, y=8)) == '<svg fill="red" class="gold"><cat x="16" y="8" size="32"/></svg>'


@pytest.mark.parametrize("broken", ["", "<svg>", '<svg fill="red"></svg>', '<svg fill="mauve"><cat x="0" y="0" size="32"/></svg>',
                                    '<svg fill="red"><unicorns x="0" y="0" size="32"/></svg>', '<svg fill="red" class="oil"><cat x="0" y="0" size="32"/></svg>'])
def test_what_is_no_scene_code_is_refused(broken):
    assert read_code(broken) is None


class Colours:
    """An atlas whose sprites are of one colour each."""

    scale = 1

    def sprite(self, style: str, concept: int, size: int) -> np.ndarray:
        out = np.full((size, size, 4), 255, np.uint8)
        out[..., 0], out[..., 1] = concept, DRAWN.index(style) * 60
        return out


def test_two_strangers_are_alike_or_not_as_is_said():
    said = {"en": set(), "ko": set()}
    for seed in range(60):
        for language in said:
            picture, beginning = two_strangers(Colours(), language, Random(seed))
            left, right = picture[16:48, :32], picture[16:48, 32:]
            alike = beginning == "two" or beginning.endswith("배경에")
            assert alike or beginning in ("a", "an") or beginning.endswith("배경,")
            assert np.array_equal(left, right) == alike
            assert np.array_equal(picture[:16], np.broadcast_to(picture[0, 0], (16, 64, 3)))
            said[language].add(beginning)
    assert said["en"] == {"two", "a", "an"} and any(words.endswith("배경,") for words in said["ko"])


def test_a_stranger_is_of_two_things():
    halves = [stranger(Colours(), Random(seed))[0] for seed in range(20)]
    assert all(len(np.unique(sprite[..., :3].reshape(-1, 3), axis=0)) <= 2 for sprite in halves)
    assert any(not np.array_equal(sprite[:16], sprite[16:]) for sprite in halves)
    assert any(not np.array_equal(sprite[:, :16], sprite[:, 16:]) for sprite in halves)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_how_often_a_treatment_is_drawn(share: float):
    random = Random(6)
    treated = sum(random_scene(random, {"single": 1.0}, share).style in TREATED for _ in range(2000)) / 2000
    assert abs(treated - share) < 0.04


def atlas_of(folder: Path, scale: int) -> Atlas:
    """Sprites of random pixels, larger ones from the same."""
    random = np.random.default_rng(8)
    small = [random.integers(0, 256, (len(DRAWN), len(CONCEPTS), size // 16, size // 16, 4)).astype(np.uint8) for size in (48, 32)]
    large = [pixels.repeat(16 * scale, 2).repeat(16 * scale, 3).reshape(len(DRAWN), len(CONCEPTS), -1) for pixels in small]
    folder.mkdir()
    np.concatenate(large, 2).tofile(folder / "sprites.rgba")
    (folder / "sprites.json").write_text(json.dumps({"concepts": [c.id for c in CONCEPTS], "styles": DRAWN, "sizes": [48 * scale, 32 * scale]}))
    return Atlas(folder)


def test_a_larger_world_has_everything_larger(tmp_path: Path):
    atlases = [atlas_of(tmp_path / str(scale), scale) for scale in (1, 2)]
    tables = [IdTable(ImageTokenizer(TokenizerConfig(codes=16, encoder_widths=(4, 4), decoder_widths=(4, 4), blocks=1)), atlas) for atlas in atlases]
    assert [atlas.scale for atlas in atlases] == [1, 2] and [table.grid for table in tables] == [(8, 8), (16, 16)]
    random = Random(9)
    for _ in range(20):
        scene = random_scene(random, {"single": 1, "pair": 1, "count": 1})
        small, large = (compose(scene, atlas) for atlas in atlases)
        assert large.shape == (128, 128, 3) and np.array_equal(large[::2, ::2], small)
        assert np.array_equal(shrunk(large), small) and shrunk(small) is small
        assert tables[1].ids(scene).shape == (16, 16) and image_part(tables[1].ids(scene), 1.0).segment.grid == (16, 16)
        named = there(scene, 2).reshape(8, 8)
        assert set(named.flat) - {NOTHING} == set(scene.objects)
        assert scene.kind == "single" or np.array_equal(named[::2, ::2], there(scene, 1).reshape(4, 4))  # singles may stand beside the 16 px
        assert picture_part(large).segment.grid == (8, 8) and picture_part(small).segment.grid == (4, 4)
    picture, _ = two_strangers(atlases[1], "en", random)
    assert picture.shape == (128, 128, 3)


def test_the_ids_of_a_scene_are_those_its_picture_has(tmp_path: Path):
    """The encoder is local, so that sprites may be laid on the grid instead of encoded."""
    torch.manual_seed(1)
    for scale in (1, 2):
        tokenizer = ImageTokenizer(TokenizerConfig(codes=32, encoder_widths=(4, 4), decoder_widths=(4, 4), blocks=1))
        tokenizer.encoder.zero_reaching_taps()
        atlas = atlas_of(tmp_path / str(scale), scale)
        table, random = IdTable(tokenizer, atlas), Random(scale)
        for _ in range(10):
            scene = random_scene(random, {"single": 1, "pair": 1, "count": 1})
            assert np.array_equal(table.ids(scene), table.read(compose(scene, atlas)))
