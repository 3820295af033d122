"""Three ways to make ids of the image tokenizer's vectors, each trained for the same steps on the same pictures."""
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..data.compose import Atlas
from ..schedule import rate
from ..tokenizer.loss import reconstruction_loss
from ..tokenizer.measure import held_out_scenes, psnr
from ..tokenizer.model import Codebook, ImageTokenizer, TokenizerConfig
from ..tokenizer.quantise import CodebookTrainer
from ..tokenizer.train import ScenePool

COMMITMENT = 0.25
SHAPE = {"codes": 2048, "encoder_widths": (32, 64), "decoder_widths": (96, 48), "blocks": 1}
RATE = 0.0015  # as the tokenizer's trainer has it


def straight_through(vectors: Tensor, chosen: Tensor) -> Tensor:
    """The values of `chosen`, the gradient of `vectors`."""
    return vectors + (chosen - vectors).detach()


class Ema(nn.Module):
    """Moving averages, as `tokenizer/quantise.py` has them; no ids until the k-means start."""

    width, start_at, restart_every = 8, 60, 50

    def __init__(self, codes: int):
        super().__init__()
        self.codebook = Codebook(TokenizerConfig(codes=codes, code_width=self.width))
        self.trainer, self.step, self.first = CodebookTrainer(self.codebook), 0, []

    def forward(self, vectors: Tensor) -> tuple[Tensor, Tensor | None, Tensor]:
        """[N, width] -> what the drawing half gets, ids, a loss of its own"""
        unit = F.normalize(vectors, dim=1)
        if self.training and self.step < self.start_at:
            return unit, None, unit.new_zeros(())
        ids = self.codebook.nearest(unit.detach())
        chosen = self.codebook.weight[ids]
        return straight_through(unit, chosen), ids, COMMITMENT * (unit - chosen).square().sum(1).mean()

    def after(self, vectors: Tensor, ids: Tensor | None, progress: float) -> None:
        """A step of training is over."""
        unit = F.normalize(vectors.detach(), dim=1)
        if ids is None:
            self.first = [*self.first, unit][-12:]
            if self.step == self.start_at - 1:
                self.trainer.start(torch.cat(self.first))
        else:
            self.trainer.update(unit, ids)
            if self.step % self.restart_every == 0 and progress < 0.8:
                self.trainer.restart_dead(unit, ids)
        self.step += 1


class SimVq(nn.Module):
    """Every code moves with the map, so none is left behind. Unit vectors, as in the shipped codebook."""

    width = 8

    def __init__(self, codes: int):
        super().__init__()
        self.register_buffer("fixed", torch.randn(codes, self.width))
        self.map = nn.Linear(self.width, self.width, bias=False)

    def forward(self, vectors: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        unit, book = F.normalize(vectors, dim=1), F.normalize(self.map(self.fixed), dim=1)
        ids = (unit.detach() @ book.detach().T).argmax(1)
        chosen = book[ids]
        near = (unit.detach() - chosen).square().sum(1).mean() + COMMITMENT * (unit - chosen.detach()).square().sum(1).mean()
        return straight_through(unit, chosen), ids, near

    def after(self, vectors: Tensor, ids: Tensor, progress: float) -> None:
        pass


class Fsq(nn.Module):
    """Numbers squeezed by tanh and rounded to as many levels; an id is their mixed-radix number. No codebook to learn."""

    levels = (8, 8, 8, 4)
    width = len(levels)

    def __init__(self, codes: int):
        super().__init__()
        self.register_buffer("counts", torch.tensor(self.levels))
        self.register_buffer("places", torch.tensor([1, *self.levels[:-1]]).cumprod(0))
        if self.counts.prod() != codes:
            raise ValueError(f"{self.levels} make {self.counts.prod()} ids, not {codes}")

    def forward(self, vectors: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        half = (self.counts - 1) * (1 - 1e-3) / 2
        shift = (0.5 / half).atanh()  # the levels are even in number: they lie at halves, moved to whole numbers
        squeezed = (vectors + shift).tanh() * half - 0.5
        whole = squeezed.round()
        ids = ((whole + self.counts // 2) * self.places).sum(1).long()
        return straight_through(squeezed, whole) / (self.counts // 2), ids, vectors.new_zeros(())

    def after(self, vectors: Tensor, ids: Tensor, progress: float) -> None:
        pass


QUANTISERS = {"ema": Ema, "simvq": SimVq, "fsq": Fsq}


def through(model: ImageTokenizer, quantiser: nn.Module, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor | None, Tensor]:
    """-> picture, vectors [N, width], ids [N], the quantiser's loss"""
    features = model.encoder.features(pixels, local=True)
    vectors = features.permute(0, 2, 3, 1).flatten(0, 2)
    passed, ids, near = quantiser(vectors)
    shaped = passed.view(len(pixels), *features.shape[2:], -1).permute(0, 3, 1, 2)
    return model.decoder(shaped).float(), vectors, ids, near


def train_tokenizer(kind: str, run: Path, steps: int, seed: int, batch: int = 32) -> tuple[ImageTokenizer, nn.Module, float]:
    """-> the tokenizer (its own codebook unused), the quantiser, seconds of the processor"""
    torch.manual_seed(seed)
    quantiser = QUANTISERS[kind](SHAPE["codes"])
    model = ImageTokenizer(TokenizerConfig(code_width=quantiser.width, **SHAPE))
    model.encoder.zero_reaching_taps()
    pool = ScenePool(Atlas(run / "sprites"), 1000, seed)
    learnt = [p for p in [*model.encoder.parameters(), *model.decoder.parameters(), *quantiser.parameters()] if p.requires_grad]
    optimiser = torch.optim.AdamW(learnt, lr=RATE, betas=(0.9, 0.95), weight_decay=0.01)
    began = time.process_time()
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = rate(step, steps, RATE)
        pixels = pool.batch(batch)
        with torch.autocast("cpu", torch.bfloat16):
            made, vectors, ids, near = through(model, quantiser, pixels)
        (reconstruction_loss(made, pixels) + near).backward()
        nn.utils.clip_grad_norm_(learnt, 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        quantiser.after(vectors, ids, step / steps)
    return model.eval(), quantiser.eval(), time.process_time() - began


@torch.no_grad()
def held_out_pictures(model: ImageTokenizer, quantiser: nn.Module, run: Path, count: int) -> tuple[list[float], float]:
    """-> dB of every picture, share of the ids that are used"""
    pixels = held_out_scenes(Atlas(run / "sprites"), count, seed=7)
    made, _, ids, _ = through(model, quantiser, pixels)
    return psnr(made, pixels).tolist(), len(ids.unique()) / SHAPE["codes"]
