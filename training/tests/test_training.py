"""Fast checks of the training code:  python -m pytest tests   (or plain  python tests/test_training.py)"""
import math
import sys
from dataclasses import replace
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pytest
import torch

from any_to_any_training.data import text_bpe
from any_to_any_training.data.captions import canonical, edit, ends_in_consonant, prompt
from any_to_any_training.data.concepts import CONCEPTS
from any_to_any_training.data.scene import Scene, placements, random_scene
from any_to_any_training.data.splits import held_out, held_out_scene, training_scene
from any_to_any_training.decoder.config import DecoderConfig, PortConfig
from any_to_any_training.decoder.layout import block_order, body_starts, buckets, image_ids, length, modalities, line_bucket, text
from any_to_any_training.decoder.model import Decoder
from any_to_any_training.decoder.grow import load_grown
from any_to_any_training.decoder.sequence import IGNORED, collate, heard_part, image_part, key, sound_part, text_part
from any_to_any_training.evaluate.score import wilson
from any_to_any_training.tokenizer.model import ImageTokenizer, TokenizerConfig

KINDS = {"single": 0.5, "pair": 0.3, "count": 0.2}
PORTS = PortConfig(text=24, image=20, audio=12)
TINY = DecoderConfig(width=48, layers=2, heads=3, kv_heads=3, head_width=16, feed_forward=96, buckets=False, type_embedding=False)
ALL = replace(TINY, buckets=True, type_embedding=True, lora_rank=4, head_scale=True, gated_residual=True)
LAYOUT = (text(5), image_ids(4, 4), text(3))


def run(model: Decoder, x: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return model(x, modalities(LAYOUT), torch.arange(x.shape[1]), buckets(LAYOUT, PORTS))[0]


def test_training_and_held_out_scenes_never_meet():
    random = Random(0)
    seen = {training_scene(random, KINDS) for _ in range(3000)}
    unseen = {held_out_scene(random, {kind: 1.0}, reason) for kind, reason in (("single", "colour"), ("single", "style"), ("pair", "pair"), ("pair", "order"), ("count", "count")) for _ in range(200)}
    assert not seen & unseen
    assert all(held_out(scene) for scene in unseen) and not any(held_out(scene) for scene in seen)
    pairs = {frozenset(s.objects) for s in seen if s.kind == "pair"}
    assert not pairs & {frozenset(s.objects) for s in unseen if held_out(s) == {"pair"}}


def test_held_out_shares_are_about_ten_percent():
    random = Random(1)
    scenes = [random_scene(random, {"pair": 1.0}) for _ in range(4000)]
    share = sum("pair" in held_out(s) for s in scenes) / len(scenes)
    assert 0.07 < share < 0.13


def test_demo_prompt_concept_exists():
    assert {"red apple", "green apple", "dog", "cat", "car", "pizza", "guitar"} <= {c.en for c in CONCEPTS}


def test_scenes_stay_on_the_eight_pixel_grid():
    random = Random(2)
    for _ in range(500):
        for _, size, x, y in placements(random_scene(random, KINDS)):
            assert x % 8 == y % 8 == 0 and 0 <= x <= 64 - size and 0 <= y <= 64 - size


def test_captions_by_hand():
    apple, dog, cat = (next(i for i, c in enumerate(CONCEPTS) if c.en == name) for name in ("red apple", "dog", "cat"))
    assert canonical(Scene("single", (apple,), "noto", "blue"), "en") == "a red apple on a blue background"
    assert canonical(Scene("single", (apple,), "noto", "blue"), "ko") == "파란 배경에 있는 빨간 사과"
    assert canonical(Scene("pair", (dog, cat), "noto", "orange"), "en") == "a dog to the left of a cat on an orange background"
    assert canonical(Scene("count", (dog,), "noto", "white", count=3), "ko") == "흰 배경에 있는 개 세 마리"
    assert ends_in_consonant("곰") and not ends_in_consonant("개")


def test_line_buckets_by_hand():
    assert [line_bucket(d, 32, 128) for d in (0, 1, 15, 16, 17, 31, 32, 127, 128, 500)] == [0, 1, 15, 16, 16, 21, 21, 31, 31, 31]


def test_buckets_of_a_layout():
    table = buckets(LAYOUT, PORTS)
    assert table.shape == (length(LAYOUT),) * 2
    first, second, third = body_starts(LAYOUT)
    assert table[0, 0] == 0 and table[second, first] == 0 and table[third, first] == 0 and table[first - 1, first - 1] == 0
    assert table[first + 4, first] == 1 + 4
    assert table[second, second] == 33 + 7 * 15 + 7
    assert table[second + 2, second] == 33 + 8 * 15 + 7  # third id of a 2x2 block: one row down
    assert table[second + 4, second] == 33 + 7 * 15 + 9  # next block: two columns right
    assert block_order(2, 4, 2)[:5] == [(0, 0), (0, 1), (1, 0), (1, 1), (0, 2)]


def test_every_flag_starts_as_identity():
    torch.manual_seed(0)
    plain = Decoder(TINY, PORTS)
    x = torch.randn(2, length(LAYOUT), 48)
    for flag in ({"buckets": True}, {"lora_rank": 4}, {"head_scale": True}, {"gated_residual": True}):
        model = Decoder(replace(TINY, **flag), PORTS)
        model.load_state_dict(plain.state_dict(), strict=False)
        assert torch.allclose(run(model, x), run(plain, x), atol=1e-6), flag


def test_cached_steps_equal_the_full_pass():
    torch.manual_seed(0)
    for config in (TINY, ALL, replace(ALL, heads=4, kv_heads=2, head_width=12)):
        model = Decoder(config, PORTS)
        with torch.no_grad():
            for value in model.parameters():
                value.add_(0.05 * torch.randn_like(value))
            x, cache, steps = torch.randn(2, length(LAYOUT), 48), None, []
            table, kinds = buckets(LAYOUT, PORTS), modalities(LAYOUT)
            for begin, end in [(0, 7), *((i, i + 1) for i in range(7, length(LAYOUT)))]:
                h, cache = model(x[:, begin:end], kinds[begin:end], torch.arange(begin, end), table[begin:end, :end], cache)
                steps.append(h)
            assert torch.allclose(torch.cat(steps, 1), run(model, x), atol=1e-5)


def test_every_asked_position_predicts_the_next_id():
    grid = np.arange(64).reshape(8, 8) % 20
    examples = [(text_part([i, i + 1, i + 2], 0.1), image_part(grid, 1.0)) for i in range(4)]
    batch = collate(examples, PORTS, 0.0, 0.0, np.random.default_rng(0))
    assert batch.ids.shape == (4, length(batch.layout)) and batch.ids[2].tolist()[:6] == [1, 3, 34, 35, 36, 4]
    for name, offset in (("text", 32), ("image", 32 + PORTS.text)):
        at, targets, weights = batch.asked[name]
        ordinary = targets[0] < (PORTS.text if name == "text" else PORTS.image)
        assert torch.equal(batch.ids[:, at[ordinary] + 1], targets[:, ordinary] + offset)
        assert set(weights.tolist()) == {0.1 if name == "text" else 1.0} or name == "text"
    at, targets, _ = batch.asked["marks"]
    assert torch.equal(batch.ids[:, at + 1], targets)
    blanked = collate(examples, PORTS, 0.0, 1.0, np.random.default_rng(0))
    assert int((blanked.ids == 0).sum()) == 4 * 64 and torch.equal(blanked.asked["image"][1], batch.asked["image"][1])


def test_local_encoder_equals_full_encoder_with_zero_taps():
    torch.manual_seed(0)
    model = ImageTokenizer(TokenizerConfig(codes=32))
    model.encoder.zero_reaching_taps()
    pixels = torch.rand(1, 3, 64, 64) * 2 - 1
    with torch.no_grad():
        assert torch.allclose(model.encoder(pixels), model.encoder(pixels, local=True), atol=1e-5)
        moved = model.encoder(pixels.roll(8, 3))
        assert torch.allclose(moved[..., 1:], model.encoder(pixels)[..., :-1], atol=1e-5)
        assert model.decode(model.encode(pixels)).shape == pixels.shape


def test_bpe_round_trip(tmp_path: Path | None = None):
    vocabulary = text_bpe.train(text_bpe.corpus(300, seed=1), 600)
    path = (tmp_path or Path("/tmp")) / "text.tiktoken"
    path.write_text(text_bpe.to_ranks(vocabulary))
    encoding, random = text_bpe.load(path), Random(3)
    assert len(vocabulary) == len(set(vocabulary)) == 600 and vocabulary[:256] == [bytes([b]) for b in range(256)]
    for _ in range(50):
        scene = random_scene(random, KINDS)
        for words in (prompt(scene, "en", random), canonical(scene, "ko"), edit(scene, "colour", "ko", random), "Crème brûlée 42, 한글!"):
            assert encoding.decode(encoding.encode(words)) == words


def test_wilson_by_hand():
    low, high = wilson(50, 100)
    assert math.isclose(low, 0.4038, abs_tol=1e-3) and math.isclose(high, 0.5962, abs_tol=1e-3)


if __name__ == "__main__":
    for name, check in list(globals().items()):
        if name.startswith("test_"):
            check()
            print("ok", name)
