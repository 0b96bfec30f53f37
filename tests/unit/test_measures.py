"""The measures of `make soak`: they see what lasts, and not what passes."""

from __future__ import annotations

import random
import statistics

import pytest

from tests.soak.measures import p99, slope

MINUTE = [(number / 300, 0.004) for number in range(60 * 300)]


def slower(factor: float, begin: float, end: float) -> list[tuple[float, float]]:
    return [(sent, took * factor if begin <= sent < end else took) for sent, took in MINUTE]


def test_a_second_of_something_else_is_not_the_p99_of_a_minute():
    assert p99(slower(100, 20, 21.5), 0, 60) == pytest.approx(0.004)


@pytest.mark.parametrize("factor", [1.25, 2.0])
def test_a_service_that_has_become_slower_is_seen(factor):
    assert p99(slower(factor, 0, 60), 0, 60) == pytest.approx(0.004 * factor)
    # Also if it is slow for a little more than half of the time, or for two requests in a hundred.
    assert p99(slower(factor, 28, 60), 0, 60) == pytest.approx(0.004 * factor)
    some = [(s, took * (factor if n % 50 == 0 else 1)) for n, (s, took) in enumerate(MINUTE)]
    assert p99(some, 0, 60) == pytest.approx(0.004 * factor)


def test_only_the_span_counts():
    assert p99(slower(10, 30, 60), 0, 30) == pytest.approx(0.004)


@pytest.mark.parametrize(("moment", "most"), [(305, 0.5), (380, 1), (450, 9), (520, 1), (595, 0.5)])
def test_memory_that_is_taken_once_is_no_slope(moment, most):
    choice = random.Random(moment)
    samples = [(s, 75 + choice.random() * 0.1 + 4 * (s >= moment)) for s in range(300, 600, 5)]
    assert 0 <= slope(samples) * 600 < most
    by_least_squares = statistics.linear_regression(*zip(*samples, strict=True)).slope
    assert slope(samples) < by_least_squares


def test_a_leak_is_a_slope():
    choice = random.Random(1)
    # 50 bytes for each of 300 requests a second.
    samples = [
        (s, 75 + choice.random() * 0.5 + s * 300 * 50 / (1 << 20)) for s in range(300, 600, 5)
    ]
    assert slope(samples) * 600 == pytest.approx(8.6, abs=0.5)
