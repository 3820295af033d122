"""Reconstruction loss without a pretrained perceptual network: weighted L1, gradients, two coarser scales."""
import torch
import torch.nn.functional as F
from torch import Tensor


def emphasis(target: Tensor) -> Tensor:
    """[B, 1, H, W]: 1 on flat background, up to 4 on objects and their edges (the corner pixel is background)."""
    corner_like = (target - target[:, :, :1, :1]).abs().amax(1, keepdim=True) > 0.02
    foreground = F.max_pool2d(corner_like.float(), 3, 1, 1)
    dx = F.pad((target[..., 1:] - target[..., :-1]).abs().amax(1, keepdim=True), (0, 1))
    dy = F.pad((target[..., 1:, :] - target[..., :-1, :]).abs().amax(1, keepdim=True), (0, 0, 0, 1))
    return 1 + 2 * foreground + torch.maximum(dx, dy).clamp(max=1)


def gradients(x: Tensor) -> tuple[Tensor, Tensor]:
    return x[..., 1:] - x[..., :-1], x[..., 1:, :] - x[..., :-1, :]


def reconstruction_loss(output: Tensor, target: Tensor) -> Tensor:
    error = ((output - target).abs() * emphasis(target)).mean()
    for a, b in zip(gradients(output), gradients(target)):
        error = error + 1.0 * (a - b).abs().mean()
    for scale in (2, 4):
        error = error + 0.25 * (F.avg_pool2d(output, scale) - F.avg_pool2d(target, scale)).abs().mean()
    return error + 2.0 * F.mse_loss(output, target)
