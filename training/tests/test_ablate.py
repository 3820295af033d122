"""The ablation table: its rows, what they change in training, the codebooks compared, intervals and the written table."""
import json
import sys
from dataclasses import replace
from random import Random
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from any_to_any_training.ablate import __main__ as command
from any_to_any_training.ablate import reroll
from any_to_any_training.ablate.codebooks import QUANTISERS, Fsq, SimVq, straight_through, through
from any_to_any_training.ablate.decoder import Vocabulary, row_by_row
from any_to_any_training.ablate.reroll import PROMPTS, ROLLS, Rerolled
from any_to_any_training.ablate.rows import DECODERS, ROWS, SMALLER, changed
from any_to_any_training.ablate.table import TABLES, Result, against, bootstrap, document
from any_to_any_training.data.captions import canonical
from any_to_any_training.data.splits import training_scene
from any_to_any_training.decoder.config import DecoderConfig, PortConfig
from any_to_any_training.decoder.sequence import IGNORED, collate, image_part, text_part
from any_to_any_training.settings import read
from any_to_any_training.tokenizer.model import ImageTokenizer, TokenizerConfig
from test_recipe import HOME

PORTS = PortConfig(text=24, image=20, audio=0)
GRID = np.arange(64).reshape(8, 8) % 20


def test_a_change_leaves_the_rest_alone():
    config = {"model": {"a": 1, "b": 2}, "train": {"c": 3}}
    assert changed(config, {"model": {"a": 5}}, {"train": {"d": 4}}) == {"model": {"a": 5, "b": 2}, "train": {"c": 3, "d": 4}}
    assert config == {"model": {"a": 1, "b": 2}, "train": {"c": 3}}


def test_every_row_is_a_decoder_that_differs_from_the_base():
    base = changed(read(HOME / "configs" / "small.json")["decoder"], SMALLER)
    for name, row in DECODERS.items():
        own = changed(base, row.change)
        assert DecoderConfig.from_json(own["model"]) and (name == "base") == (own == base)
        assert own["train"].keys() == base["train"].keys()
    assert {name for table in TABLES for name in table.rows} == set(ROWS)


def test_row_by_row_is_the_grid_as_it_is_read():
    part = row_by_row(image_part(GRID, 1.0))
    assert part.ids == tuple(GRID.reshape(-1).tolist()) and part.segment.block == 1
    assert row_by_row(text_part([1, 2], 1.0)) == text_part([1, 2], 1.0)


def test_ids_that_have_not_joined_are_neither_read_nor_asked_nor_scored():
    head = torch.nn.Linear(8, 21)
    vocabulary = Vocabulary(20, seed=1, head=head)
    batch = collate([(text_part([1], 0.1), image_part(GRID, 1.0))] * 2, PORTS, 0.0, 0.0, np.random.default_rng(0))
    offset, before = PORTS.offsets["image"], batch.asked["image"][1].clone()
    vocabulary.active = 5
    known = set(torch.nonzero(vocabulary.rank < 5).flatten().tolist())
    vocabulary.hide(batch, offset)
    targets = batch.asked["image"][1]
    assert len(known) == 5 and {t.item() for t in targets.unique()} == known | {IGNORED}
    assert {i.item() - offset for i in batch.ids.unique() if offset <= i < offset + 20} == known
    assert int((batch.ids == 0).sum()) == int((targets == IGNORED).sum())  # every id that went is <pad> where it stood
    scores = head(torch.ones(1, 8))[0]
    assert {i for i in range(20) if scores[i] > -1e8} == known and scores[20] > -1e8
    vocabulary.active = 20
    fresh = collate([(text_part([1], 0.1), image_part(GRID, 1.0))] * 2, PORTS, 0.0, 0.0, np.random.default_rng(0))
    vocabulary.hide(fresh, offset)
    assert torch.equal(fresh.asked["image"][1], before)


def test_fsq_by_hand():
    fsq = Fsq(2048)
    passed, ids, _ = fsq(torch.tensor([[0.0, 0, 0, 0], [9, 9, 9, 9], [-9, -9, -9, -9]]))
    assert ids.tolist() == [4 + 4 * 8 + 4 * 64 + 2 * 512, 2047, 0]
    assert passed.tolist() == [[0] * 4, [0.75, 0.75, 0.75, 0.5], [-1.0] * 4]
    with pytest.raises(ValueError, match="make 2048 ids, not 100"):
        Fsq(100)


def test_simvq_moves_the_map_and_not_the_codes():
    torch.manual_seed(0)
    quantiser = SimVq(16)
    vectors = torch.randn(32, 8, requires_grad=True)
    passed, ids, near = quantiser(vectors)
    (passed.sum() + near).backward()
    assert quantiser.map.weight.grad.abs().sum() > 0 and vectors.grad.abs().sum() > 0 and not quantiser.fixed.requires_grad
    assert torch.allclose(passed.norm(dim=1), torch.ones(32), atol=1e-5) and ids.max() < 16


def test_straight_through_has_the_values_of_one_and_the_gradient_of_the_other():
    a, b = torch.tensor([1.0], requires_grad=True), torch.tensor([3.0], requires_grad=True)
    out = straight_through(a, b)
    out.backward()
    assert out.item() == 3 and a.grad.item() == 1 and b.grad is None


@pytest.mark.parametrize("kind", QUANTISERS)
def test_every_codebook_draws_pictures_and_learns(kind):
    torch.manual_seed(0)
    quantiser = QUANTISERS[kind](2048)
    model = ImageTokenizer(TokenizerConfig(codes=16, code_width=quantiser.width, encoder_widths=(8, 8), decoder_widths=(8, 8), blocks=1))
    pixels = torch.rand(40, 3, 64, 64) * 2 - 1
    for step in range(QUANTISERS["ema"].start_at + 1):
        made, vectors, ids, near = through(model, quantiser, pixels)
        (made.square().mean() + near).backward()
        assert model.encoder.stem.weight.grad.abs().sum() > 0
        quantiser.after(vectors, ids, step / 100)
    assert made.shape == pixels.shape and ids.shape == (40 * 64,) and 0 <= ids.min() and ids.max() < 2048


def test_bootstrap_of_values_that_agree_is_their_mean():
    assert bootstrap(np.full(9, 2.0)) == (2.0, 2.0)
    low, high = bootstrap(np.arange(100.0))
    assert 42 < low < 49.5 < high < 57  # 49.5 +- 1.96 * 28.9 / 10


def result(row: str, seed: int, values: list[float]) -> Result:
    return Result(row, seed, 10, 5.0, {"draw": values, "read": values}, {"parameters": 1000})


def test_differences_are_paired_by_example_and_seed():
    base, own = [result("base", 0, [1.0, 5.0])], [result("type", 0, [2.0, 6.0]), result("type", 1, [50.0, 60.0])]
    assert against(own, base, "draw", 1) == "+1.0 (+1.0 to +1.0)"
    assert against(base, base, "draw", 1) == "" and against([replace(own[0], seed=3)], base, "draw", 1) == ""


def test_the_document_has_the_rows_that_were_run_alone():
    text = document({"base": [result("base", 0, [1.0, 2.0])], "type": [result("type", 0, [2.0, 3.0])]})
    assert "| `base` |" in text and "| `type` |" in text and "`lora`" not in text and "## Codebooks" not in text and "## Sound" not in text
    assert "--rows base,type --steps 10 --seeds 1" in text and "+1.000 (+1.000 to +1.000)" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in rows[:4]}) == 1


def test_a_row_that_was_run_is_not_run_again(monkeypatch, tmp_path):
    ran = []

    def measure(name, config, run, steps, seed):
        ran.append((name, seed))
        return result(name, seed, [Random(seed).random(), 1.0])

    monkeypatch.setattr(command, "measure", measure)
    for rows in ("base", "base,type"):
        monkeypatch.setattr(sys, "argv", ["ablate", "--run", str(tmp_path), "--rows", rows, "--to", str(tmp_path / "table.md")])
        command.main()
    assert ran == [("base", 0), ("base", 1), ("type", 0), ("type", 1)]
    assert "`type`" in (tmp_path / "table.md").read_text() and len(json.loads((tmp_path / "ablations" / "type-1.json").read_text())["values"]["draw"]) == 2
    monkeypatch.setattr(sys, "argv", ["ablate", "--run", str(tmp_path), "--rows", "nonsense"])
    with pytest.raises(SystemExit):
        command.main()


def test_results_of_another_run_join_the_tables(monkeypatch, tmp_path):
    monkeypatch.setattr(command, "measure", lambda name, config, run, steps, seed: result(name, seed, [1.0]))
    for run, row, more in (("other", "type", []), ("run", "base", ["--beside", str(tmp_path / "other")])):
        monkeypatch.setattr(sys, "argv", ["ablate", "--run", str(tmp_path / run), "--rows", row, "--seeds", "1", "--to", str(tmp_path / "table.md"), *more])
        command.main()
    text = (tmp_path / "table.md").read_text()
    assert "--run run --rows base" in text and "--run other --rows type" in text and "| `type` |" in text


class Words:
    """A world of scenes without pictures."""

    def scene(self, random: Random):
        return training_scene(random, {"single": 1.0})

    def words(self, text: str) -> list[int]:
        return list(text.encode())


def test_of_own_pictures_the_first_is_kept_that_is_read_as_it_was_asked_for(monkeypatch):
    """Three prompts: one is read rightly at once, one at the second roll, one never."""
    scenes, asked, rolls = [], [], []
    world = Words()
    world.scene = lambda random: scenes.append(training_scene(random, {"single": 1.0})) or scenes[-1]

    def draw(decoder, world, prompts, choice, seed):
        asked.append(prompts)
        return torch.stack([torch.full((8, 8), len(asked) * 100 + i) for i in range(len(prompts))])

    def describe(decoder, encoder, world, pictures, language):
        rolls.append(len(pictures))
        return {1: [canonical(scenes[0], "en"), "a fog", "a fog"], 2: [canonical(scenes[1], "en"), "a fog"]}[len(rolls)]

    monkeypatch.setattr(reroll, "PROMPTS", 3)
    monkeypatch.setattr(reroll, "draw_ids", draw)
    monkeypatch.setattr(reroll, "describe_pictures", describe)
    monkeypatch.setattr(reroll, "to_uint8", lambda pictures: pictures)
    models = SimpleNamespace(decoder=SimpleNamespace(port_config=PORTS), encoders={"image": None})
    own = Rerolled(models, world, SimpleNamespace(decode=lambda ids: ids))
    kept = own.confirmed(Random(5))
    assert rolls == [3, 2] and ROLLS == 2 and PROMPTS == 128
    assert [example[1].ids[0] for example in kept] == [100, 200]
    assert [bytes(example[0].ids).decode() for example in kept] == [asked[0][0], asked[0][1]]
    assert (own.drawn, own.kept) == (5, 2)
