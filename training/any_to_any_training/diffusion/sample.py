"""Pictures from words: DDIM with guidance over the latents, then the nearest codes, then one decode by the image tokenizer."""
import torch
from torch import Tensor

from ..tokenizer.model import ImageTokenizer
from .model import LatentDiffusion
from .schedule import clean_of, signal_shares, step, times_of


def pad(prompts: list[list[int]], nothing: int) -> tuple[Tensor, Tensor]:
    """-> ids [N, longest], and which of them are there; a prompt without words is one `nothing`."""
    said = [prompt or [nothing] for prompt in prompts]
    longest = max(map(len, said))
    ids = torch.tensor([[*prompt, *[nothing] * (longest - len(prompt))] for prompt in said])
    return ids, torch.arange(longest)[None] < torch.tensor([len(prompt) for prompt in said])[:, None]


def guided(model: LatentDiffusion, noisy: Tensor, time: int, ids: Tensor, there: Tensor, guidance: float) -> Tensor:
    """v of the words, as much further from v of no words as `guidance` says; silence is as long as the words."""
    silent = torch.full_like(ids, model.config.words)
    both = model(torch.cat([noisy, noisy]), torch.full((2 * len(ids),), float(time)), torch.cat([ids, silent]), torch.cat([there, there]))
    said, unsaid = both.chunk(2)
    return unsaid + guidance * (said - unsaid)


@torch.no_grad()
def denoise(model: LatentDiffusion, noisy: Tensor, prompts: list[list[int]], steps: int, guidance: float) -> Tensor:
    """Latents [N, codeWidth, grid, grid], from as much noise."""
    ids, there = pad(prompts, model.config.words)
    shares, times = signal_shares().tolist(), times_of(steps)
    for time, after in zip(times, [*times[1:], None]):
        v = guided(model, noisy, time, ids, there, guidance)
        clean = clean_of(noisy, v, shares[time], model.config.code_width**0.5)
        noisy = step(noisy, clean, shares[time], 1.0 if after is None else shares[after])
    return noisy


def sample(model: LatentDiffusion, prompts: list[list[int]], steps: int, guidance: float, generator: torch.Generator) -> Tensor:
    config = model.config
    noise = torch.randn(len(prompts), config.code_width, config.grid, config.grid, generator=generator)
    return denoise(model, noise, prompts, steps, guidance)


@torch.no_grad()
def draw(tokenizer: ImageTokenizer, latents: Tensor) -> Tensor:
    """Pixels of the codes nearest to the latents."""
    flat = latents.permute(0, 2, 3, 1).flatten(0, 2)
    ids = tokenizer.codebook.nearest(flat).view(len(latents), *latents.shape[2:])
    return tokenizer.decode(ids)
