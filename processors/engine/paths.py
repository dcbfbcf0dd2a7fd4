"""Paths: what members specialise in, the xp of each, and its levels."""

from processors.engine.decision import Refusal
from processors.engine.factors import MILLION
from processors.engine.ladders import climb
from processors.engine.numbers import POWERS, UNITS_MAX, nearest, within
from processors.engine.rules import Scene
from schemas import parts
from schemas.results import Declined


def gain(scene: Scene, action: str, bare: tuple[int, int]) -> None:
    """Give each joined path its part of an award: units and decimals of it, without any path's factor."""
    paths = parts.PATHS.read(scene.draft.head)
    units, scale = bare
    for path in paths.joined:
        factors = scene.rules.path_factors.get(path)
        if factors is not None:
            factor = factors.get(action, POWERS[MILLION])
            gained = nearest(units * factor, POWERS[scale + MILLION])
            paths.xp[path] = within(paths.xp.get(path, 0) + gained, UNITS_MAX)
    if paths.joined:
        parts.PATHS.write(scene.draft.head, paths)


def level(scene: Scene) -> None:
    """Give each path the level that its xp reaches."""
    for path, xp in parts.PATHS.read(scene.draft.head).xp.items():
        ladder = scene.rules.path_ladders.get(path)
        if ladder is not None:
            scene.tiers = [*scene.tiers, *climb(scene, ladder, xp, None)]


def join(scene: Scene) -> Refusal | None:
    """Join a path; who walks it already goes on."""
    return _walk(scene, primary=False)


def leave(scene: Scene) -> Refusal | None:
    """Leave a path; its xp stays."""
    refusal = _known(scene)
    if refusal is not None:
        return refusal
    path, paths = scene.facts["path"], parts.PATHS.read(scene.draft.head)
    paths.joined = [each for each in paths.joined if each != path]
    paths.primary = "" if paths.primary == path else paths.primary
    parts.PATHS.write(scene.draft.head, paths)
    return None


def pick(scene: Scene) -> Refusal | None:
    """Pick the primary path, which joins it too."""
    return _walk(scene, primary=True)


def _known(scene: Scene) -> Refusal | None:
    path, known = scene.facts["path"], scene.rules.path_factors
    if path in known:
        return None
    return Refusal(Declined.CONDITION, f"path: there is no {path}, but {', '.join(sorted(known))}")


def _walk(scene: Scene, *, primary: bool) -> Refusal | None:
    refusal = _known(scene)
    if refusal is not None:
        return refusal
    path, paths = scene.facts["path"], parts.PATHS.read(scene.draft.head)
    if path not in paths.joined:
        paths.joined.append(path)
        paths.xp.setdefault(path, 0)
    if primary:
        paths.primary = path
    parts.PATHS.write(scene.draft.head, paths)
    return None
