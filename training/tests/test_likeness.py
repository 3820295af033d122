"""Ids whose codes are alike learn from each other, and nothing else changes."""
import torch
from torch import nn

from any_to_any_training.decoder.config import DecoderConfig, PortConfig
from any_to_any_training.decoder.likeness import FRESH, Likeness, LikenessOptimiser, likeness_of
from any_to_any_training.decoder.model import Decoder
from any_to_any_training.decoder.optimiser import Optimiser

CODES = torch.tensor([[1.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]])
RATES = {"optimiser": "adamw", "rate": 0.01, "tableRate": 0.01, "headRate": 0.01, "decay": 0.0}


def test_a_step_by_hand():
    table = nn.Parameter(torch.zeros(5, 1))  # one row more than there are codes: the closing mark
    likeness = Likeness(CODES, [table])
    unit = CODES / CODES.std()
    assert torch.allclose(likeness.codes, unit)
    table.grad = torch.tensor([[1.0], [0.0], [0.0], [0.0], [7.0]])
    LikenessOptimiser(likeness, 0.1).step()
    # the gradient of the map is codes[0]; a first step of Adam goes against its sign, and every row by codes[row] . it
    assert torch.allclose(table[:, 0], torch.cat([-0.1 * unit @ unit[0].sign(), torch.zeros(1)]), atol=1e-6)


def test_it_is_the_same_as_a_table_with_a_map_added():
    torch.manual_seed(1)
    rows, start = torch.randn(4, 3), torch.randn(4, 3)
    own, map = nn.Parameter(start.clone()), nn.Parameter(torch.zeros(2, 3))
    plain = [torch.optim.AdamW([part], lr=0.01, weight_decay=0.0, betas=(0.9, 0.95)) for part in (own, map)]
    table = nn.Parameter(start.clone())
    likeness = Likeness(CODES, [table])
    alone, shared = torch.optim.AdamW([table], lr=0.01, weight_decay=0.0, betas=(0.9, 0.95)), LikenessOptimiser(likeness, 0.01)
    for _ in range(20):
        ((own + likeness.codes @ map - rows) ** 2).sum().backward()
        ((table - rows) ** 2).sum().backward()
        alone.step(), shared.step()
        for part in plain:
            part.step()
        for part in (*plain, alone, shared):
            part.zero_grad()
    assert torch.allclose(table, own + likeness.codes @ map, atol=1e-5)


def test_an_optimiser_with_likeness_moves_rows_nobody_asked_for():
    torch.manual_seed(2)
    decoder = Decoder(DecoderConfig(width=16, layers=1, heads=2, kv_heads=2, head_width=8, feed_forward=32), PortConfig(text=8, image=4, audio=0))
    port, codes = decoder.ports["image"], torch.randn(4, 2)
    for likeness in (None, likeness_of(decoder, codes)):
        optimiser, before = Optimiser(decoder, RATES, likeness=likeness), port.embedding.detach().clone()
        port.embedding[0].sum().backward()
        optimiser.step(1.0)
        moved = (port.embedding - before).abs().sum(1) > 0
        assert moved.tolist() == [True, *[likeness is not None] * 3]
        assert port.embedding.grad is None
    state = optimiser.state()
    Optimiser(decoder, RATES, likeness=likeness_of(decoder, codes)).restore(state)
    Optimiser(decoder, RATES, likeness=likeness_of(decoder, codes)).restore(state[:-1])  # of before there was likeness


def test_fresh_rows_begin_alike_where_their_codes_are():
    torch.manual_seed(3)
    table = nn.Parameter(torch.zeros(5, 64))
    Likeness(CODES, [table]).begin(FRESH[:1])
    first, same, opposite, other, mark = table.detach()
    assert torch.allclose(first, same) and torch.allclose(first, -opposite) and not torch.allclose(first, other)
    assert mark.abs().sum() == 0


def test_buckets_have_a_rate_of_their_own():
    decoder = Decoder(DecoderConfig(width=16, layers=1, heads=2, kv_heads=2, head_width=8, feed_forward=32), PortConfig(text=8, image=4, audio=0))
    for given, moves in (({}, 0.01), ({"bucketRate": 0.5}, 0.5)):
        optimiser, before = Optimiser(decoder, RATES | given), decoder.buckets.weight.detach().clone()
        decoder.buckets.weight.sum().backward()
        optimiser.step(1.0)
        assert torch.allclose(before - decoder.buckets.weight, torch.tensor(moves), atol=1e-5)
