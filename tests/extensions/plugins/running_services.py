"""For suites that start their servers with Docker: those that run here already, in its place."""

from __future__ import annotations

import typing as t

import pytest


class RunningServices:
    """What such a suite asks for a server."""

    def start(self, *names: str) -> None:
        if "mongodb" in names:
            pytest.skip("there is no MongoDB in the distribution")

    def wait_for_service(self, *arguments: t.Any, **options: t.Any) -> None:
        """They run."""


@pytest.fixture(scope="session")
def docker_services() -> RunningServices:
    return RunningServices()
