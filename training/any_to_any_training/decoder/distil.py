"""Distils guidance into the guide of the image port: what two rows of the teacher say together, the student learns to
say with one row and a vector.

The teacher is the averaged model without a guide, sampled as `sample` does and as the runtime does with an `empty`
unconditional row: the same sequence without the words of its texts. Only the picture that is drawn is guided; what
follows it, and the text before it, is learnt as ever. Guide batches are never blank: a teacher that sees no neighbours
says something else than while it draws."""
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .loss import entropies, hidden_states, inputs, plain_means, weighted_mean
from .model import Decoder
from .sequence import Batch, Example, Part, collate, text_part

Maker = Callable[[Random], Example]


def is_drawn(part: Part) -> bool:
    return part.segment.modality == 2 and not part.segment.embedded and part.weight == 1


def guide_task(makers: dict[str, Maker], shares: dict[str, float]) -> dict[str, Maker]:
    """The task "guide": examples of other tasks, by `shares`, that draw a picture."""

    def make(random: Random) -> Example:
        maker = makers[random.choices(list(shares), list(shares.values()))[0]]
        while True:
            example = maker(random)
            if any(map(is_drawn, example)):
                return example

    return {"guide": make}


def without_words(example: Example) -> Example:
    """What the unconditional row sees: up to the picture that is drawn, texts emptied."""
    drawn = next(index for index, part in enumerate(example) if is_drawn(part))
    return tuple(text_part([], part.weight) if part.segment.modality == 1 else part for part in example[: drawn + 1])


def drawn_span(batch: Batch) -> slice:
    """Positions of the opening mark and the ids of the picture."""
    at = batch.asked["image"][0]
    return slice(int(at[0]), int(at[-1]) + 2)


def random_scales(scales: tuple[float, ...], count: int, random: np.random.Generator) -> Tensor:
    """[count]; every interval between two neighbours is as likely."""
    below = random.integers(len(scales) - 1, size=count)
    known = np.array(scales, np.float32)
    return torch.from_numpy(known[below] + random.random(count, np.float32) * (known[below + 1] - known[below]))


@torch.no_grad()
def guided_logits(decoder: Decoder, encoders: nn.ModuleDict, batch: Batch, silent: Batch, scale: Tensor) -> Tensor:
    """[B, ids of a picture, ids of the image port] of two rows; both batches hold the same picture."""
    rows = []
    for each in (batch, silent):
        hidden = hidden_states(decoder, inputs(decoder, encoders, each), each.layout)
        rows.append(picture_logits(decoder, hidden, each))
    return rows[1] + scale[:, None, None] * (rows[0] - rows[1])


def picture_logits(decoder: Decoder, hidden: Tensor, batch: Batch) -> Tensor:
    """Of ids only: a picture is never closed early."""
    return decoder.ports["image"].head(hidden[:, batch.asked["image"][0]]).float()[..., : decoder.port_config.image]


def distil(student: nn.Module, teacher: nn.Module, examples: list[Example], options: dict, noise: float, random: np.random.Generator) -> tuple[Tensor, dict[str, float]]:
    """Both have a `decoder` and its `encoders`. The loss is that of the sequence, where the picture's ids count by their
    divergence from the teacher times `options["weight"]`; with `tableOnly` it reaches the guide alone."""
    decoder = student.decoder
    ports, guide, device = decoder.port_config, decoder.ports["image"].guide, decoder.norm.weight.device
    batch = collate(examples, ports, noise, 0.0, random).to(device)
    silent = collate([without_words(example) for example in examples], ports, 0.0, 0.0, random).to(device)
    silent.ids[:, drawn_span(silent)] = batch.ids[:, drawn_span(batch)]
    scale = random_scales(guide.scales, len(examples), random).to(device)
    target = guided_logits(teacher.decoder, teacher.encoders, batch, silent, scale).log_softmax(-1)
    with learning(guide if options.get("tableOnly") else student, student):
        x, span = inputs(decoder, student.encoders, batch), drawn_span(batch)
        vector = guide(scale)[:, None].expand(-1, span.stop - span.start, -1)
        x = torch.cat((x[:, : span.start], x[:, span] + vector, x[:, span.stop :]), dim=1)
        hidden = hidden_states(decoder, x, batch.layout)
        own = picture_logits(decoder, hidden, batch).log_softmax(-1)
        divergence = F.kl_div(own, target, reduction="none", log_target=True).sum(-1)
        entries = entropies(decoder, hidden, {name: asked for name, asked in batch.asked.items() if name != "image"})
        loss = weighted_mean(entries | {"image": (options["weight"] * divergence, torch.ones_like(divergence))})
    return loss, plain_means(entries) | {"divergence": divergence.mean().item()}


@contextmanager
def learning(part: nn.Module, whole: nn.Module) -> Iterator[None]:
    """Inside, only the weights of `part` are learnt."""
    whole.requires_grad_(False)
    part.requires_grad_(True)
    try:
        yield
    finally:
        whole.requires_grad_(True)
