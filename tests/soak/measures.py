"""What becomes of the figures of a soak, on a machine that others use as well.

Another program takes the processors for a second now and then, and an allocator takes a piece of
memory once and keeps it. Neither is what a soak looks for: a service that gets slower, or larger,
all the time. So what counts are medians, which a few disturbed moments do not move, while something
that lasts moves them as it would move a mean.
"""

from __future__ import annotations

import itertools
import statistics

#: The p99 of a minute is the median of those of so many parts of it.
WINDOWS = 12


def p99(times: list[tuple[float, float]], begin: float, end: float) -> float:
    """The time that 99 of 100 requests took at most, in the middlemost part of a span.

    A second in which nothing runs is the p99 of a whole minute, and of one part of twelve.

    :param times: When each request was sent, and how long it took.
    """
    width = (end - begin) / WINDOWS
    parts: list[list[float]] = [[] for _ in range(WINDOWS)]
    for sent, took in times:
        if begin <= sent < end:
            parts[min(int((sent - begin) / width), WINDOWS - 1)].append(took)
    return statistics.median(sorted(part)[len(part) * 99 // 100] for part in parts if part)


def slope(samples: list[tuple[float, float]]) -> float:
    """What is added each second: the median over all pairs of samples (Theil and Sen).

    One step counts little in the first third and in the last, and as much as by its height in the
    middle one, where it cannot be told from a slope; by least squares it counts more everywhere.

    :param samples: Seconds, and a value.
    """
    pairs = itertools.combinations(samples, 2)
    return statistics.median((b[1] - a[1]) / (b[0] - a[0]) for a, b in pairs)
