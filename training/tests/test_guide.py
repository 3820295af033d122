"""Guidance as a condition: the guide of a port, what it learns from, and drawing with it."""
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
from torch import nn

from any_to_any_training.checkpoint import describe
from any_to_any_training.decoder.config import DecoderConfig, PortConfig
from any_to_any_training.decoder.distil import distil, drawn_span, guide_task, guided_logits, picture_logits, random_scales, without_words
from any_to_any_training.decoder.grow import load_grown
from any_to_any_training.decoder.guide import Guide
from any_to_any_training.decoder.image_encoder import ImageEncoder, ImageEncoderConfig
from any_to_any_training.decoder.loss import hidden_states, inputs
from any_to_any_training.decoder.model import Decoder
from any_to_any_training.decoder.sample import Choice, text_to_images
from any_to_any_training.decoder.sequence import Example, collate, image_part, picture_part, text_part
from any_to_any_training.from_bundle import table

SCALES = (1.0, 2.0, 4.0)
PORTS = PortConfig(text=24, image=20, audio=0, image_guide=SCALES)
TINY = DecoderConfig(width=48, layers=2, heads=3, kv_heads=3, head_width=16, feed_forward=96)
OPTIONS = {"weight": 1.0}
GRID = np.arange(64).reshape(8, 8) % 20


class Pair(nn.Module):
    def __init__(self, ports: PortConfig = PORTS):
        super().__init__()
        self.decoder = Decoder(TINY, ports)
        self.encoders = nn.ModuleDict({"image": ImageEncoder(ImageEncoderConfig(widths=(4, 8, 16), layers=1, heads=2, feed_forward=24, out=48))})


def louder(model: nn.Module) -> nn.Module:
    """Far from its start, so that the prompt is heard in every logit."""
    torch.manual_seed(4)
    with torch.no_grad():
        for name, value in model.named_parameters():
            if "guide" not in name:
                value.add_(0.1 * torch.randn_like(value))
    return model


def prompted(random: Random) -> Example:
    return text_part([random.randrange(24) for _ in range(3)], 0.1), image_part(GRID, 1.0)


def test_a_guide_by_hand():
    guide = Guide(SCALES, 2)
    with torch.no_grad():
        guide.weight.copy_(torch.tensor([[9.0, 9.0], [2.0, 4.0], [6.0, 0.0]]))  # what stands at scale 1 says nothing
    vectors = guide(torch.tensor([1.0, 1.5, 2.0, 3.0, 4.0]))
    assert vectors.tolist() == [[0, 0], [1, 2], [2, 4], [4, 2], [6, 0]]
    vectors.sum().backward()
    assert guide.weight.grad.tolist() == [[0, 0], [2, 2], [1.5, 1.5]]


@pytest.mark.parametrize("scale", [0.5, 4.5])
def test_a_guide_has_no_vector_outside_its_scales(scale: float):
    with pytest.raises(ValueError, match="no vector"):
        Guide(SCALES, 2)(torch.tensor([2.0, scale]))


@pytest.mark.parametrize("scales", [(1.0,), (2.0, 3.0), (2.0, 1.0), (1.0, 1.0, 2.0)])
def test_bad_scales(scales: tuple[float, ...]):
    with pytest.raises(ValueError, match="ascend"):
        Guide(scales, 2)


def test_random_scales_fill_every_interval():
    drawn = random_scales(SCALES, 4000, np.random.default_rng(0))
    assert 1 <= drawn.min() < 1.01 and 3.99 < drawn.max() <= 4
    assert abs((drawn < 2).float().mean() - 0.5) < 0.03


def test_an_older_state_gets_a_guide_that_does_nothing():
    old = louder(Decoder(TINY, replace(PORTS, image_guide=())))
    grown = Decoder(TINY, PORTS)
    assert load_grown(grown, old.state_dict()) == ["ports.image.guide.weight"]
    with pytest.raises(ValueError, match="guide"):
        load_grown(old, grown.state_dict())
    prompts = [[3, 4, 5], [6, 7, 8]]
    plain = text_to_images(old, prompts, Choice(1.0, 20, 1.0), torch.Generator().manual_seed(1))
    guided = text_to_images(grown, prompts, Choice(1.0, 20, 3.0, distilled=True), torch.Generator().manual_seed(1))
    assert torch.equal(plain, guided)


def test_the_unconditional_row_sees_pictures_but_no_words():
    example = (picture_part(np.zeros((64, 64, 3), np.uint8)), text_part([1, 2], 0.1), image_part(GRID, 1.0), text_part([3], 1.0))
    silent = without_words(example)
    assert [part.segment.modality for part in silent] == [2, 1, 2]
    assert silent[0] is example[0] and silent[1].ids == () and silent[2] is example[2]


def test_guide_examples_draw_a_picture_by_words():
    def mixed(random: Random) -> Example:
        return (text_part([1], 0.1), image_part(GRID, 1.0)) if random.random() < 0.2 else (image_part(GRID, 0.1), text_part([1], 1.0))

    make = guide_task({"image": prompted, "mixed": mixed}, {"mixed": 1.0})["guide"]
    assert all(make(Random(seed))[-1].weight == 1 and make(Random(seed))[0].segment.modality == 1 for seed in range(20))


def test_the_teacher_says_what_sampling_does():
    """Greedy: the ids that two rows draw are those that the teacher's logits lead to."""
    teacher = louder(Pair())
    prompts = [[3, 4, 5], [6, 7, 8]]
    ids = text_to_images(teacher.decoder, prompts, Choice(0, 20, 3.0), torch.Generator())
    assert not torch.equal(ids, text_to_images(teacher.decoder, prompts, Choice(0, 20, 1.0), torch.Generator()))
    examples = [(text_part(words, 0.1), image_part(grid.numpy(), 1.0)) for words, grid in zip(prompts, ids)]
    batches = [collate(each, PORTS, 0.0, 0.0, np.random.default_rng(0)) for each in (examples, [without_words(example) for example in examples])]
    with torch.no_grad():
        logits = guided_logits(teacher.decoder, teacher.encoders, *batches, torch.full((2,), 3.0))
    assert torch.equal(logits.argmax(-1), batches[0].asked["image"][1])


def test_a_vector_in_one_row_draws_what_it_is_added_to():
    """Cached drawing with the guide equals one pass over the same sequence with the vector where `distil` adds it."""
    model = louder(Pair())
    with torch.no_grad():
        model.decoder.ports["image"].guide.weight.normal_()
        prompts = [[3, 4, 5]]
        ids = text_to_images(model.decoder, prompts, Choice(0, 20, 3.0, distilled=True), torch.Generator())
        batch = collate([(text_part(prompts[0], 0.1), image_part(ids[0].numpy(), 1.0))], PORTS, 0.0, 0.0, np.random.default_rng(0))
        x, span = inputs(model.decoder, model.encoders, batch), drawn_span(batch)
        assert span.stop - span.start == 65
        x[:, span] += model.decoder.ports["image"].guide(torch.tensor([3.0]))
        logits = picture_logits(model.decoder, hidden_states(model.decoder, x, batch.layout), batch)
    assert torch.equal(logits.argmax(-1), batch.asked["image"][1])


@pytest.mark.parametrize("table_only", [True, False])
def test_distilling_lowers_the_divergence(table_only: bool):
    teacher, student = louder(Pair()), louder(Pair())
    examples, options = [prompted(Random(seed)) for seed in range(8)], OPTIONS | {"tableOnly": table_only}
    before = {name: value.clone() for name, value in student.named_parameters()}
    optimiser, seen = torch.optim.AdamW(student.parameters(), lr=0.03 if table_only else 0.002, weight_decay=0), []
    for _ in range(12):
        loss, log = distil(student, teacher, examples, options, 0.0, np.random.default_rng(1))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        seen.append(log["divergence"])
    assert seen[-1] < (0.95 if table_only else 0.5) * seen[0]
    moved = {name for name, value in student.named_parameters() if not torch.equal(value, before[name])}
    assert moved == {"decoder.ports.image.guide.weight"} if table_only else {"decoder.norm.weight", "decoder.ports.text.embedding"} < moved
    assert all(value.requires_grad for value in student.parameters())
    assert student.decoder.ports["image"].guide.weight[0].abs().sum() == 0


def test_edits_and_what_follows_a_picture_are_distilled_too():
    student, random = Pair(), np.random.default_rng(1)
    pixels = np.zeros((64, 64, 3), np.uint8)
    edit = (picture_part(pixels), text_part([1, 2], 0.1), image_part(GRID, 1.0))
    told = (text_part([1, 2], 0.1), image_part(GRID, 1.0), text_part([3, 4], 1.0))
    for example, heads in ((edit, {"marks", "divergence"}), (told, {"marks", "text", "divergence"})):
        loss, log = distil(student, student, [example] * 2, OPTIONS, 0.0, random)
        assert loss.isfinite() and heads == set(log)


def test_a_checkpoint_tells_of_its_guide(tmp_path: Path):
    class Kind:
        code_width, encoder_widths, decoder_widths, blocks = 8, (4, 8), (8, 4), 2

    def told(ports: PortConfig) -> dict:
        return describe(TINY, ports, Kind, None, Pair().encoders, "x")["modalities"][1]

    assert told(PORTS)["guide"] == {"scales": [1, 2, 4]} and "guide" not in told(replace(PORTS, image_guide=()))
    np.arange(6, dtype=np.float16).tofile(tmp_path / "image.guide.bin")
    assert table(tmp_path, {"file": "image.guide.bin", "type": "float16", "scales": [1, 2, 4]}, 2).tolist() == [[0, 1], [2, 3], [4, 5]]
