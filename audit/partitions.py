"""Which partition a subject belongs to: Kafka's own murmur2, written out once more."""

_MASK = 0xFFFFFFFF
_SEED = 0x9747B28C
_M = 0x5BD1E995


def murmur2(key: bytes) -> int:
    """Hash of `key` as Java's Kafka client takes it, 0 .. 2^32 - 1."""
    h = _SEED ^ len(key)
    whole = len(key) - len(key) % 4
    for at in range(0, whole, 4):
        k = int.from_bytes(key[at : at + 4], "little")
        k = k * _M & _MASK
        k ^= k >> 24
        k = k * _M & _MASK
        h = (h * _M & _MASK) ^ k
    if whole < len(key):
        h ^= int.from_bytes(key[whole:], "little")
        h = h * _M & _MASK
    h ^= h >> 13
    h = h * _M & _MASK
    return h ^ h >> 15


def partition_of(subject: str, partitions: int) -> int:
    """Partition number of `subject`'s records on every topic keyed by subject."""
    return (murmur2(subject.encode()) & 0x7FFFFFFF) % partitions
