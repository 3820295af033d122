"""One cross-entropy over the whole delimited sequence, each position through the head that is legal there."""
import torch
import torch.nn.functional as F
from torch import Tensor

from ..data.compose import to_tensor_range
from .image_encoder import ImageEncoder
from .layout import body_starts, buckets, modalities
from .model import Decoder
from .sequence import Batch


def inputs(decoder: Decoder, encoder: ImageEncoder, batch: Batch) -> Tensor:
    x = decoder.embed(batch.ids)
    starts = body_starts(batch.layout)
    for index, pixels in batch.pixels.items():
        picture = encoder(torch.from_numpy(to_tensor_range(pixels))).to(x.dtype)
        start = starts[index]
        x = torch.cat((x[:, :start], picture, x[:, start + picture.shape[1] :]), dim=1)
    return x


def losses(decoder: Decoder, encoder: ImageEncoder, batch: Batch) -> tuple[Tensor, dict[str, float]]:
    """-> weighted mean over the asked positions; plain mean per head for the log (weight < 1 left out)."""
    x = inputs(decoder, encoder, batch)
    if torch.is_autocast_enabled("cpu"):
        x = x.to(torch.bfloat16)  # the residual stream too: half the memory traffic
    positions = torch.arange(x.shape[1])
    hidden, _ = decoder(x, modalities(batch.layout), positions, buckets(batch.layout, decoder.port_config))
    total, weight_sum, log = torch.zeros(()), 0.0, {}
    for name, (at, targets, weights) in batch.asked.items():
        logits = decoder.ports[name].head(hidden[:, at]).float()
        each = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none").view(targets.shape)
        total = total + (each.mean(0) * weights).sum()
        weight_sum += weights.sum().item()
        full = weights == 1
        if full.any():
            log[name] = each[:, full].mean().item()
    return total / weight_sum, log
