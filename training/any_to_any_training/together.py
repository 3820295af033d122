"""Several processes train one model: each takes its own steps on its own examples, and every half minute they agree
on the mean of their weights (local SGD, arXiv 1805.09767). Matrices as small as these keep one core busy but not two.

Rounds are told by the clock, so that a process on a busier core delays nobody; its weights count by its steps."""
import os
from collections.abc import Callable
from pathlib import Path

import torch
import torch.distributed as dist
import torch.multiprocessing as processes
from torch import Tensor

SECONDS = 30.0  # between two rounds


class Together:
    def __init__(self, rank: int, count: int, meeting: Path):
        """`meeting`: a file that does not exist yet, by which the processes find each other."""
        self.rank, self.count, self.rounds, self.steps = rank, count, 0, 0
        self.examples: dict[str, int] = {}  # by task, of all processes up to the last round
        self.own: dict[str, int] = {}  # since then
        if count > 1:
            dist.init_process_group("gloo", init_method=f"file://{meeting.absolute()}", rank=rank, world_size=count)

    @property
    def leads(self) -> bool:
        """Whether this is the one that writes files."""
        return self.rank == 0

    def missing(self, seconds: float) -> int:
        """Rounds still to be held, `seconds` after the beginning; all processes come to the same number."""
        return int(seconds / SECONDS) - self.rounds if self.count > 1 else 0

    def took(self, task: str, examples: int) -> None:
        """One step."""
        self.steps += 1
        counted = self.own if self.count > 1 else self.examples
        counted[task] = counted.get(task, 0) + examples

    @torch.no_grad()
    def agree(self, tensors: list[Tensor]) -> None:
        """Makes each the mean of all processes', weighted by the steps they took since the last round; in place."""
        mine = torch.tensor(float(self.steps))
        total = mine.clone()
        dist.all_reduce(total)
        if total > 0:
            flat = torch.cat([tensor.flatten().float().cpu() for tensor in tensors]) * (mine / total)
            dist.all_reduce(flat)
            for tensor, part in zip(tensors, flat.split([tensor.numel() for tensor in tensors])):
                tensor.copy_(part.view(tensor.shape))
        tally = torch.tensor([self.own.get(task, 0) for task in self.examples])
        dist.all_reduce(tally)
        self.examples = {task: known + new for (task, known), new in zip(self.examples.items(), tally.tolist())}
        self.rounds, self.steps, self.own = self.rounds + 1, 0, {}


def spread(work: Callable[..., None], count: int, meeting: Path, *arguments: object) -> None:
    """Runs `work(together, *arguments)` in `count` processes, here if it is one."""
    if count == 1:
        return work(Together(0, 1, meeting), *arguments)
    meeting.unlink(missing_ok=True)
    processes.spawn(begin, (work, count, meeting, *arguments), nprocs=count)
    meeting.unlink(missing_ok=True)


def begin(rank: int, work: Callable[..., None], count: int, meeting: Path, *arguments: object) -> None:
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    work(Together(rank, count, meeting), *arguments)
    dist.barrier()  # the last to be done may still be writing its files
    dist.destroy_process_group()
