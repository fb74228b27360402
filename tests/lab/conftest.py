"""The labs of the tests, made anew whatever an earlier run has left."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(CHECKOUT), str(CHECKOUT / "lab"), str(CHECKOUT / "tools")]

from labnames import lab_name

from tests.lab.labs import HERE, Lab, Life


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """A lab with one host of each kind, up."""
    made = Lab(lab_name("test"), HERE / "inventory")
    made("down")
    made("up")
    yield made
    # A guest that is killed closes no connection: only the lab itself can end those that lead to it.
    made("power-off", "box1")
    made.hold_connection("guest1")
    life = Life(made)
    made("down")
    assert made.traces() == []
    assert life.ends(), life.rest()


@pytest.fixture
def small() -> Iterator[Lab]:
    """The smallest lab, down."""
    made = Lab(lab_name("small"), HERE / "small")
    made("down")
    yield made
    made("down")
