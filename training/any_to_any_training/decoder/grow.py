"""A smaller decoder's weights in a larger one: what both have is copied, rows that are new keep their fresh values.

Growing a modality appends: ids, buckets and mix-in rows that exist stay where they are."""
from torch import Tensor

from .model import Decoder


def load_grown(decoder: Decoder, state: dict[str, Tensor]) -> list[str]:
    """-> names that `state` lacks or has fewer rows of."""
    own, grown = decoder.state_dict(), []
    unknown = state.keys() - own.keys()
    if unknown:
        raise ValueError(f"the decoder has no {', '.join(sorted(unknown))}")
    for name, value in own.items():
        if name not in state:
            grown.append(name)
            continue
        old = state[name]
        if old.shape[1:] != value.shape[1:] or old.shape[0] > value.shape[0]:
            raise ValueError(f"{name}: {tuple(old.shape)} does not fit into {tuple(value.shape)}")
        if old.shape[0] < value.shape[0]:
            grown.append(name)
        value[: old.shape[0]] = old
    decoder.load_state_dict(own)
    return grown
