"""Right or wrong: a judged picture against its scene, an answered description against its scene; Wilson intervals."""
import math

from ..data.captions import canonical
from ..data.concepts import CONCEPTS
from ..data.scene import Scene
from .judge import Verdict


def picture_is_right(verdict: Verdict, scene: Scene, what: str) -> bool:
    """`what` is the measure: single, colour, two, relation, count or style."""
    if what == "two":
        return sorted(verdict.objects) == sorted(scene.objects)
    if what == "relation":
        if len(verdict.objects) != 2 or sorted(verdict.objects) != sorted(scene.objects):
            return False
        boxes = dict(zip(verdict.objects, verdict.boxes))
        (ax, ay), (bx, by) = (boxes[o].centre for o in scene.objects)
        return bool(by - ay > abs(bx - ax) if scene.vertical else bx - ax > abs(by - ay))
    if what == "count":
        return verdict.objects == scene.objects * scene.count
    right = verdict.objects == scene.objects
    if what == "colour":
        return right and verdict.colour == scene.colour
    if what == "style":
        return right and verdict.styles == (scene.style,)
    return right


def names_objects(answer: str, scene: Scene, language: str) -> bool:
    """Whether every object of the scene is named (in the singular or the plural)."""
    return all(any(word in answer for word in ((CONCEPTS[o].ko,) if language == "ko" else (CONCEPTS[o].en, CONCEPTS[o].plural))) for o in scene.objects)


def answer_is_exact(answer: str, scene: Scene, language: str) -> bool:
    """All slots (object, colour, size, count, relation): the canonical wording leaves no other way to be right."""
    return answer == canonical(scene, language)


def wilson(hits: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """wilson(50, 100) = (0.404, 0.596)"""
    if n == 0:
        return 0.0, 1.0
    p, f = hits / n, z * z / n
    middle, half = (p + f / 2) / (1 + f), z * math.sqrt(p * (1 - p) / n + f / (4 * n)) / (1 + f)
    return middle - half, middle + half
