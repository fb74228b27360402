"""The labs of the tests, made anew whatever an earlier run has left."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(CHECKOUT), str(CHECKOUT / "lab")]

from tests.lab.labs import HERE, TAG, Lab


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """A lab with one host of each kind, up."""
    made = Lab(f"test-{TAG}", HERE / "inventory")
    made("down")
    made("up")
    yield made
    made("down")


@pytest.fixture
def small() -> Iterator[Lab]:
    """The smallest lab, down."""
    made = Lab(f"small-{TAG}", HERE / "small")
    made("down")
    yield made
    made("down")
