# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module counts real connections and says who has them."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.steadfast.edge.plugins.modules import tcp_connections


def run(capsys: pytest.CaptureFixture[str], **options: Any) -> dict[str, Any]:
    with patch_module_args(options), pytest.raises(SystemExit):
        tcp_connections.main()
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_what_does_not_end_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        port = server.getsockname()[1]
        accepted, _peer = server.accept()
        with accepted:
            counted = run(capsys, ports=[port], timeout=0)
            failed = run(capsys, ports=[port], timeout=0.1)
            accepting = run(capsys, ports=[port], limit=1)
    assert (counted["at_first"], counted["remaining"]) == (1, {"127.0.0.1": 1})
    assert failed["failed"] and "1 from 127.0.0.1" in failed["msg"]
    assert not accepting.get("failed")
    assert run(capsys, ports=[port])["msg"] == "There are no connections."
