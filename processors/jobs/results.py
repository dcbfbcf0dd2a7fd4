"""Positions of results as the record of a closed period names them: `rewards.earned:3`. Pure."""

from collections.abc import Mapping

from sinks.positions import Partition


def named(positions: Mapping[Partition, int], prefix: str) -> dict[str, int]:
    """Name positions whatever the topics' prefix is."""
    return {
        f"{topic.removeprefix(prefix)}:{number}": offset
        for (topic, number), offset in positions.items()
    }


def is_behind(results: Mapping[str, int], positions: Mapping[Partition, int], prefix: str) -> bool:
    """Tell whether boards stand before the positions of a result: they are being made anew."""
    at = named(positions, prefix)
    return any(at.get(place, 0) < end for place, end in results.items())
