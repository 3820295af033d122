"""How good the tokenizer is on held-out scenes: PSNR, codebook usage and perplexity."""
from random import Random

import numpy as np
import torch

from ..data.compose import Atlas, compose, to_tensor_range
from ..data.splits import held_out_scene
from .model import ImageTokenizer

REASONS = {"colour": "single", "pair": "pair", "count": "count", "style": "single"}


def held_out_scenes(atlas: Atlas, count: int, seed: int) -> torch.Tensor:
    """Equal shares of the four held-out kinds, [count, 3, 64, 64] in [-1, 1]."""
    random = Random(seed)
    reasons = list(REASONS)
    scenes = [held_out_scene(random, {REASONS[r]: 1.0}, r) for r in (reasons[i % len(reasons)] for i in range(count))]
    return torch.from_numpy(to_tensor_range(np.stack([compose(s, atlas) for s in scenes])))


def psnr(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Per picture, dB, of pixels in [-1, 1]."""
    return -10 * torch.log10((((a.clamp(-1, 1) - b) / 2) ** 2).flatten(1).mean(1).clamp(min=1e-10))


@torch.no_grad()
def measure(model: ImageTokenizer, pixels: torch.Tensor) -> dict[str, float]:
    ids = torch.cat([model.encode(part) for part in pixels.split(64)])
    output = torch.cat([model.decode(part) for part in ids.split(64)])
    counts = torch.bincount(ids.flatten(), minlength=model.config.codes).float()
    share = counts / counts.sum()
    entropy = -(share[share > 0] * share[share > 0].log()).sum()
    return {
        "psnr": round(psnr(output, pixels).mean().item(), 2),
        "usage": round((counts > 0).float().mean().item(), 4),
        "perplexity": round(entropy.exp().item(), 1),
    }
