"""Learning rate: linear warm-up, then cosine down to a floor."""
import math


def rate(step: int, steps: int, peak: float, warm_up: float = 0.03, floor: float = 0.05) -> float:
    begin = max(1, int(steps * warm_up))
    if step < begin:
        return peak * (step + 1) / begin
    progress = min(1.0, (step - begin) / max(1, steps - begin))
    return peak * (floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * progress)))
