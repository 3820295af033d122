"""Fast checks of the latent-diffusion baseline:  python -m pytest tests   (or plain  python tests/test_diffusion.py)"""
import sys
import tempfile
from pathlib import Path
from random import Random
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch
from safetensors.torch import load_file

from any_to_any_training.decoder.optimiser import Optimiser
from any_to_any_training.diffusion.export import rounded, write_baseline
from any_to_any_training.diffusion.model import DiffusionConfig, LatentDiffusion
from any_to_any_training.diffusion.sample import denoise, guided, pad, sample
from any_to_any_training.diffusion.schedule import clean_of, signal_shares, step, times_of
from any_to_any_training.diffusion.train import UNUSED, batch_of, loss_of

TINY = DiffusionConfig(codes=12, code_width=4, grid=8, words=300, text_width=32, text_heads=2, longest=64, fine=16, width=32, hidden=48, heads=2, layers=2)


def random_model() -> LatentDiffusion:
    torch.manual_seed(0)
    model = LatentDiffusion(TINY).eval()
    with torch.no_grad():
        for value in model.parameters():
            value.add_(0.05 * torch.randn_like(value))
    return model


def test_a_step_by_hand():
    noisy = torch.tensor([1.0, -0.5])
    clean = clean_of(noisy, torch.tensor([0.5, 1.0]), 0.64, 2.0)
    assert torch.allclose(clean, torch.tensor([0.5, -1.0]))
    assert torch.allclose(step(noisy, clean, 0.64, 0.36), torch.tensor([1.1, -0.2]))
    assert torch.allclose(step(noisy, clean, 0.64, 1.0), clean)
    assert times_of(4) == [999, 749, 499, 249] and len(signal_shares()) == 1000


def test_v_leads_back_to_the_clean_latents():
    clean, noise, share = torch.randn(8).clamp(-1, 1), torch.randn(8), 0.3
    noisy = share**0.5 * clean + (1 - share) ** 0.5 * noise
    assert torch.allclose(clean_of(noisy, share**0.5 * noise - (1 - share) ** 0.5 * clean, share, 1.0), clean, atol=1e-6)


@torch.no_grad()
def test_padding_changes_nothing():
    model, noisy = random_model(), torch.randn(1, 4, 8, 8)
    time = torch.tensor([300.0])
    alone = model(noisy, time, torch.tensor([[5, 6]]))
    ids, there = pad([[5, 6], [1, 2, 3, 4]], TINY.words)
    among = model(noisy.repeat(2, 1, 1, 1), time.repeat(2), ids, there)
    assert torch.allclose(alone[0], among[0], atol=1e-5) and not torch.allclose(among[0], among[1], atol=1e-3)


@torch.no_grad()
def test_guidance_goes_away_from_silence():
    model, noisy = random_model(), torch.randn(1, 4, 8, 8)
    ids, there = pad([[5, 6, 7]], TINY.words)
    said, silent = guided(model, noisy, 500, ids, there, 1.0), guided(model, noisy, 500, ids, there, 0.0)
    assert torch.allclose(guided(model, noisy, 500, ids, there, 3.0), silent + 3 * (said - silent), atol=1e-5)
    drawn = sample(model, [[5, 6, 7], []], 3, 2.0, torch.Generator().manual_seed(1))
    assert drawn.shape == (2, 4, 8, 8) and drawn.abs().max() <= 2
    assert torch.allclose(denoise(model, noisy, [[5, 6, 7]], 3, 2.0), denoise(model, noisy, [[5, 6, 7]], 3, 2.0))


def test_a_few_steps_of_training_lower_the_loss():
    torch.manual_seed(0)
    vectors = torch.nn.functional.normalize(torch.randn(12, 4), dim=1) * 2
    grid = lambda scene: np.full((8, 8), scene.objects[0] % 12)  # noqa: E731
    world = SimpleNamespace(kinds={"single": 1.0}, words=lambda said: [b % 300 for b in said.encode()][:40], dropout=0.1, table=SimpleNamespace(ids=grid))
    model, shares, random = LatentDiffusion(TINY), signal_shares().float(), Random(1)
    optimiser = Optimiser(model, UNUSED | {"optimiser": "muon", "rate": 3e-3, "muonRate": 0.02, "decay": 0.01})
    losses = []
    for _ in range(30):
        ids, words, there = batch_of(world, random, 16, TINY.words)
        loss = loss_of(model, vectors[ids].permute(0, 3, 1, 2), words, there, shares)
        loss.backward()
        optimiser.step(1.0)
        losses.append(loss.item())
    assert sum(losses[-5:]) < 0.8 * sum(losses[:5])


def test_int8_rows_by_hand():
    made = rounded("m", torch.tensor([[127.0, -1.0], [0.0, 0.5]]).repeat(1, 2048))
    assert made["m"].dtype == torch.int8 and made["m"][:, :2].tolist() == [[127, -1], [0, 127]]
    assert torch.allclose(made["m.scale"], torch.tensor([1.0, 0.5 / 127]))
    assert rounded("b", torch.ones(8))["b"].dtype == torch.float16


def test_the_exported_weights_are_all_there():
    model = random_model()
    with tempfile.TemporaryDirectory() as folder:
        write_baseline(Path(folder), model, 3.0, torch.randn(12, 4))
        found = load_file(Path(folder) / "diffusion.safetensors")
    assert {name for name in found if not name.endswith(".scale")} == {*model.state_dict(), "codebook.weight"}


if __name__ == "__main__":
    for name, check in list(globals().items()):
        if name.startswith("test_"):
            check()
            print(name)
