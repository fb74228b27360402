# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates made by the real openssl of the machine that runs the tests, looked at with another clock."""

from __future__ import annotations

import shutil
import stat
import time
from pathlib import Path

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.errors import NginxError
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.host import NginxHost
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.self_signed import Certificate, make


class Later(NginxHost):
    """A host some days later."""

    days = 0.0

    def wall_clock(self) -> float:
        return time.time() + self.days * 86400


def certificate(folder: Path, **options: object) -> Certificate:
    return Certificate(**{"name": "shop", "folder": str(folder / "certificates"), "names": ("shop.example.com", "2001:db8::1"),  # type: ignore[arg-type]
                          "days": 90, **options})


def test_made_once(tmp_path: Path) -> None:
    wanted = [certificate(tmp_path)]
    assert make(NginxHost(), wanted, check_mode=True) == {"shop": "it is not there"}
    assert not Path(wanted[0].file).exists()
    assert make(NginxHost(), wanted, check_mode=False) == {"shop": "it is not there"}
    assert stat.S_IMODE(Path(wanted[0].key).stat().st_mode) == 0o600
    assert make(NginxHost(), wanted, check_mode=False) == {}
    assert sorted(path.name for path in (tmp_path / "certificates").iterdir()) == ["shop.key", "shop.pem"]


@pytest.mark.parametrize(("options", "reason"), [
    ({"names": ("shop.example.com",)}, "its names are others"),
    ({"names": ()}, "its names are others"),
    ({"days": 30}, "its time is another"),
])
def test_made_again_when_another_is_wanted(tmp_path: Path, options: dict[str, object], reason: str) -> None:
    make(NginxHost(), [certificate(tmp_path)], check_mode=False)
    other = [certificate(tmp_path, **options)]
    assert make(NginxHost(), other, check_mode=False) == {"shop": reason}
    assert make(NginxHost(), other, check_mode=False) == {}


def test_made_again_in_the_last_third_of_its_time(tmp_path: Path) -> None:
    host, wanted = Later(), [certificate(tmp_path)]
    make(host, wanted, check_mode=False)
    host.days = 59
    assert make(host, wanted, check_mode=True) == {}
    host.days = 61
    assert make(host, wanted, check_mode=True) == {"shop": "it ends soon"}


def test_made_again_when_key_or_certificate_are_damaged(tmp_path: Path) -> None:
    wanted = certificate(tmp_path)
    host = NginxHost()

    def again(reason: str) -> None:
        assert make(host, [wanted], check_mode=False) == {"shop": reason}

    again("it is not there")
    Path(wanted.key).chmod(0o640)
    again("others may read its key")
    Path(wanted.file).write_text("x")
    again("it cannot be read")
    other = certificate(tmp_path / "other")
    make(host, [other], check_mode=False)
    shutil.copy2(other.key, wanted.key)
    again("its key is another's")
    Path(wanted.key).unlink()
    again("it is not there")


@pytest.mark.parametrize(("options", "problem"), [
    ({"name": "../x"}, "no name for a file"), ({"names": ("a b",)}, "neither a DNS name nor an address"),
    ({"names": ("a,DNS:evil",)}, "neither a DNS name"), ({"days": 0}, "not between 1 and 36500")])
def test_what_cannot_be_is_refused(tmp_path: Path, options: dict[str, object], problem: str) -> None:
    with pytest.raises(NginxError, match=problem):
        make(NginxHost(), [certificate(tmp_path, **options)], check_mode=False)
