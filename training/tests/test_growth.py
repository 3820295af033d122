"""Fast checks of growing a modality:  python -m pytest tests/test_growth.py"""
import json
import sys
from dataclasses import replace
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch
from torch import nn

from any_to_any_training.decoder.config import DecoderConfig, Grown, PortConfig
from any_to_any_training.decoder.layout import Segment, buckets, image_ids, modalities, text
from any_to_any_training.decoder.model import Decoder
from any_to_any_training.decoder.sequence import Part, text_part
from any_to_any_training.grow.batch import hidden_of, losses, marks_of, rows_of
from any_to_any_training.grow.growth import grown_decoder, new_tensors, write_growth
from any_to_any_training.grow_modality import optimiser
from any_to_any_training.strokes.encoder import COUNT, POINTS, StrokesEncoder, even
from any_to_any_training.strokes.ids import LIFT, SIZE, decode, drawn, encode, sketched
from any_to_any_training.strokes.measure import as_table
from any_to_any_training.strokes.port import StrokesPort
from any_to_any_training.strokes.trace import drawing, filled, importance, outline, simplify

CONFIG = DecoderConfig(width=48, layers=2, heads=3, kv_heads=3, head_width=16, feed_forward=96)
PORTS = PortConfig(text=24, image=20, audio=12)
STROKES = Grown("strokes", "<str>", "</str>", SIZE)
GROWN = replace(PORTS, grown=(STROKES,))
SQUARE = np.array([(0, 0), (0.999, 0), (0.999, 0.999), (0, 0.999)])


def finished(ports: PortConfig = PORTS) -> Decoder:
    torch.manual_seed(3)
    decoder = Decoder(CONFIG, ports)
    for value in decoder.parameters():
        nn.init.normal_(value, std=0.2)
    return decoder


def test_old_modalities_compute_exactly_what_they_did():
    old = finished()
    grown = grown_decoder(CONFIG, GROWN, old.state_dict(), rank=4)
    layout = (text(5), image_ids(4, 4), Segment(3, 6))
    x = old.embed(torch.randint(32, 88, (2, 35)))
    with torch.no_grad():
        before = old(x, modalities(layout), torch.arange(35), buckets(layout, PORTS))[0]
        after = grown(x, modalities(layout), torch.arange(35), buckets(layout, GROWN))[0]
    assert torch.equal(before, after)
    assert torch.equal(grown.embed(torch.arange(88)), old.embed(torch.arange(88)))


def test_a_guide_comes_along_and_stays():
    guided = replace(PORTS, image_guide=(1.0, 2.0))
    state = finished(guided).state_dict()
    guide = grown_decoder(CONFIG, replace(guided, grown=(STROKES,)), state, rank=4).ports["image"].guide.weight
    assert torch.equal(guide, state["ports.image.guide.weight"]) and not guide.requires_grad


def test_its_mark_is_as_unlikely_as_the_beginning():
    head = grown_decoder(CONFIG, GROWN, finished().state_dict(), rank=4).ports["marks"].head.weight
    assert marks_of(GROWN, 4) == (9, 10) and GROWN.marks[9:] == ["<str>", "</str>"]
    assert torch.equal(head[9], head[1]) and torch.equal(head[10], head[1])


def test_training_moves_what_is_new_and_nothing_else():
    old = finished().state_dict()
    decoder = grown_decoder(CONFIG, GROWN, old, rank=4)
    decoder.ports["strokes"] = StrokesPort(CONFIG.width)
    encoders = nn.ModuleDict({"strokes": StrokesEncoder(CONFIG.width)})
    started, learner = new_tensors(decoder), optimiser(decoder, encoders)
    random = np.random.default_rng(0)
    for _ in range(3):
        made = Part(Segment(4, 5), 1.0, tuple(random.integers(SIZE, size=5).tolist()))
        seen = Part(Segment(4, COUNT, embedded=True), 0.0, (), random.normal(size=(POINTS, 2)).astype(np.float32))
        losses(decoder, encoders, rows_of([(text_part([3, 4], 0.0), made), (seen, text_part([5, 6], 1.0))], GROWN))[0].backward()
        learner.step()
        learner.zero_grad()
    now = decoder.state_dict()
    for name, value in old.items():
        same = torch.equal(now[name][: len(value)], value)
        assert same or name in ("ports.marks.embedding", "ports.marks.head.weight"), name
        if name.startswith("ports.marks"):
            assert torch.equal(now[name][[*range(9), *range(11, 32)]], value[[*range(9), *range(11, 32)]]), name
    for name, value in now.items():
        assert ".lora." not in name or torch.equal(value[:4], decoder_rows(name, old, value)), name
    for name, value in new_tensors(decoder).items():
        assert name == "marks.head.weight" or not torch.equal(value, started[name]), name


def decoder_rows(name: str, old: dict, value: torch.Tensor) -> torch.Tensor:
    """What a LoRA has for old modalities: b is zero; a, which then counts nothing, must not have moved."""
    fresh = grown_decoder(CONFIG, GROWN, old, rank=4).state_dict()[name]
    return value[:4] if name.endswith(".a") else fresh[:4]


def test_rows_are_padded_and_asked():
    examples = [(text_part([3, 4], 0.0), Part(Segment(4, 2), 1.0, (7, LIFT))), (Part(Segment(4, 1), 0.0, (9,)), text_part([5, 6], 1.0))]
    rows = rows_of(examples, GROWN)
    first = GROWN.offsets["strokes"]
    assert first == 32 + 24 + 20 + 12
    assert rows.ids[0].tolist() == [1, 3, 35, 36, 4, 9, first + 7, first + LIFT, 10, 2]
    assert rows.ids[1].tolist() == [1, 9, first + 9, 10, 3, 37, 38, 4, 2, 0]
    assert rows.modality[0].tolist() == [0, 0, 1, 1, 0, 0, 4, 4, 0, 0]
    assert rows.asked == {"strokes": [(0, 5, 7), (0, 6, LIFT), (0, 7, SIZE)], "text": [(1, 4, 5), (1, 5, 6), (1, 6, 24)],
                          "marks": [(0, 8, 2), (1, 3, 3), (1, 7, 2)]}
    start = 1 + 32 + 225 + 32
    assert rows.bucket[0, 7, 6] == start + 1 and rows.bucket[0, 7, 3] == 0 and rows.bucket[1, 6, 5] == 2
    decoder, encoders = grown_decoder(CONFIG, GROWN, finished().state_dict(), rank=4), nn.ModuleDict()
    with torch.no_grad():
        beside, alone = hidden_of(decoder, encoders, rows), hidden_of(decoder, encoders, rows_of(examples[1:], GROWN))
    assert torch.allclose(beside[1, :9], alone[0], atol=1e-5)


def test_a_growth_is_written_with_what_it_fits(tmp_path):
    decoder = grown_decoder(CONFIG, GROWN, finished().state_dict(), rank=2)
    manifest = {"ports": {"marks": {"table": {"file": "m"}}, "text": {"table": {"file": "t"}}}, "files": {"m": {"sha256": "0"}, "t": {"sha256": "1"}}}
    write_growth(tmp_path, decoder, manifest, {"tokenizer": {"plugin": "p", "options": {"weights": "w.bin"}}}, {"w.bin": b"abc"}, {})
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["grownOn"] == {"t": "1"} and config["loraRank"] == 2 and config["tokenizer"]["files"] == ["w.bin"]
    shapes = {name: list(value.shape) for name, value in new_tensors(decoder).items()}
    assert shapes["embedding"] == [SIZE, 48] and shapes["head.weight"] == [SIZE + 1, 48] and shapes["marks.embedding"] == [2, 48]
    assert shapes["layers.1.type.gate"] == [1] and shapes["layers.1.lora.q.a"] == [48, 2] and shapes["layers.0.lora.k.b"] == [2, 48]


def test_outlines_by_hand():
    assert outline(np.ones((1, 1), bool)).tolist() == [[0, 0], [1, 0], [1, 1], [0, 1]]
    corner = np.array([[1, 0], [1, 1]], bool)
    assert len(outline(corner)) == 8 and outline(corner)[2].tolist() == [1, 1]
    with_bump = np.array([(0, 0), (0.5, 0.02), (1, 0), (1, 1), (0, 1)])
    assert np.allclose(importance(with_bump)[1], 0.01) and (importance(with_bump) < 0.4).sum() == 1
    assert simplify((with_bump, importance(with_bump)), 9, 0.02).tolist() == with_bump[[0, 2, 3, 4]].tolist()
    assert len(simplify((with_bump, importance(with_bump)), 3, 0)) == 3
    assert filled([SQUARE / 2], 4).tolist() == [[True, True, False, False]] * 2 + [[False] * 4] * 2


def test_a_sprite_becomes_its_outline_and_its_parts():
    sprite = np.zeros((48, 48, 4), np.uint8)
    sprite[8:40, 8:40] = (200, 0, 0, 255)
    sprite[16:28, 16:28] = (0, 0, 200, 255)
    lines = drawn(drawing(sprite))
    assert [np.round(48 * line).tolist() for line in lines] == [[[8, 8], [40, 8], [40, 40], [8, 40]], [[16, 16], [28, 16], [28, 28], [16, 28]]]


def test_ids_by_hand():
    assert encode([SQUARE]) == [0, 31, 1023, 992, 0]
    assert encode([SQUARE, SQUARE / 2]) == [0, 31, 1023, 992, 0, LIFT, 0, 15, 495, 480, 0]
    assert [line.tolist() for line in decode([0, LIFT, LIFT, 33])] == [[[0.5 / 32, 0.5 / 32]], [[1.5 / 32, 1.5 / 32]]]
    assert encode(decode(encode([SQUARE]))) == encode([SQUARE])


def test_sketches_differ_and_stay_on_the_paper():
    traced = [(SQUARE, importance(SQUARE))]
    sketches = [sketched(traced, Random(seed)) for seed in range(20)]
    assert len({tuple(encode(sketch)) for sketch in sketches}) > 10
    assert all(-1e-9 < sketch[0].min() and sketch[0].max() < 1 + 1e-9 for sketch in sketches)
    assert np.allclose(sketched(traced, Random(0), hand=0)[0], SQUARE, atol=1e-3)


def test_measures_as_a_table():
    measured = {"a": {"right": 1, "of": 2, "share": 0.5, "low": 0.095, "high": 0.905, "overlap": 0.75}, "b": {"right": 3, "of": 3, "share": 1.0, "low": 0.438, "high": 1.0}}
    assert as_table(measured).splitlines()[2:] == ["| a | 1 of 2 | 50 % (10 to 90) | 0.75 |", "| b | 3 of 3 | 100 % (44 to 100) |  |"]


def test_even_points_by_hand():
    points = even([np.array([(0.0, 0.0), (1.0, 0.0)])])
    assert np.allclose(points[[0, 1, -1]], [(-63 / 64, 0), (-61 / 64, 0), (63 / 64, 0)])
    lifted = even([np.array([(0.0, 0.0), (0.5, 0.0)]), np.array([(0.0, 1.0), (0.5, 1.0)])])
    assert np.allclose(lifted[[31, 32]], [(0.5 - 1 / 64, -1), (-0.5 + 1 / 64, 1)])
    assert np.array_equal(even([np.array([(0.3, 0.7)])]), np.zeros((POINTS, 2)))
