# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the scenarios' tests share: the lab, its hosts through testinfra, and waiting for a state."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import testinfra

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))
from balancing import Balancing
from holders import Holders
from labclient import Lab, LabError


@pytest.fixture(scope="session")
def lab() -> Lab:
    """The lab that LAB_NAME names, of the inventory that LAB_INVENTORY names where a scenario has its own."""
    inventory = os.environ.get("LAB_INVENTORY")
    return Lab(inventory=Path(inventory)) if inventory else Lab()


@pytest.fixture(scope="session")
def holders(lab: Lab) -> Holders:
    """The VIPs of the lab's inventory, and who holds them."""
    return Holders(lab)


@pytest.fixture(scope="session")
def balancing(lab: Lab) -> Balancing:
    """The first service of the lab's inventory, as its clients see it."""
    return Balancing(lab)


@pytest.fixture(scope="session")
def host_of(lab: Lab) -> Callable[[str], Any]:
    """A host of the lab by name, as testinfra sees it."""
    # It formats its command line once more.
    control_path = lab.control_path.replace("%", "%%")
    return lambda name: testinfra.get_host(f"ssh://{name}", ssh_config=str(lab.ssh_config), controlpath=control_path)


@pytest.fixture
def host(request: pytest.FixtureRequest, host_of: Callable[[str], Any]) -> Any:
    """The host that a test names: @pytest.mark.parametrize("host", [...], indirect=True)."""
    return host_of(request.param)


@pytest.fixture(scope="session")
def eventually() -> Callable[..., Any]:
    """Ask until the answer is the wanted one; the last answer is in the failure."""

    def attempt(ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except LabError as error:  # a host that is starting, for one
            return str(error)

    def wait(ask: Callable[[], Any], wanted: Any, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while (answer := attempt(ask)) != wanted:
            assert time.monotonic() < deadline, f"after {seconds} s still {answer!r}, wanted {wanted!r}"
            time.sleep(0.5)

    return wait
