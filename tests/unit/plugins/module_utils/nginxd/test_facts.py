# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read of an nginx, and of a host that has none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.steadfast.edge.plugins.module_utils._nginxd.facts import STAMP, gather, parse_version_output
from ansible_collections.steadfast.edge.plugins.module_utils._release._host import Finished
from ansible_collections.steadfast.edge.tests.unit.plugins.module_utils.nginxd.rig import World

DEBIAN = """nginx version: nginx/1.22.1
built with OpenSSL 3.0.17 1 Jul 2025
TLS SNI support enabled
configure arguments: --with-cc-opt='-g -O2 -ffile-prefix-map=/build/reproducible-path/nginx-1.22.1=. -Wdate-time -D_FORTIFY_SOURCE=2' \
--with-ld-opt='-Wl,-z,relro -Wl,-z,now -fPIC' --prefix=/usr/share/nginx --conf-path=/etc/nginx/nginx.conf --pid-path=/run/nginx.pid \
--modules-path=/usr/lib/nginx/modules --with-compat --with-debug --with-pcre-jit --with-http_ssl_module --with-mail=dynamic \
--with-stream=dynamic --add-module=/src/ngx_cache_purge
"""


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def found(world: World, binary: str = "nginx", files: list[str] | None = None) -> dict[str, Any]:
    return gather(world, binary, "nginx", files or [])


def test_the_output_of_debians_nginx() -> None:
    binary = parse_version_output("/usr/sbin/nginx", DEBIAN)
    assert binary is not None
    assert (binary.version, binary.commercial, binary.prefix) == ("1.22.1", False, "/usr/share/nginx")
    assert binary.arguments[0].endswith("-Wdate-time -D_FORTIFY_SOURCE=2")
    assert binary.built_in == ["http_ssl_module", "ngx_cache_purge"]
    assert (binary.conf_path, binary.pid_path) == ("/etc/nginx/nginx.conf", "/run/nginx.pid")
    assert binary.error_log_path == "/usr/share/nginx/logs/error.log"


@pytest.mark.parametrize(("output", "version", "commercial"), [
    ("nginx version: nginx/1.25.5 (nginx-plus-r32)\nconfigure arguments:\n", "1.25.5", True),
    ("nginx version: openresty/1.25.3.1\n", "1.25.3.1", False),
])
def test_relatives_of_nginx(output: str, version: str, commercial: bool) -> None:
    binary = parse_version_output("/x", output)
    assert binary is not None
    assert (binary.version, binary.commercial, binary.arguments) == (version, commercial, ())


def test_something_else_is_no_nginx() -> None:
    assert parse_version_output("/bin/true", "usage: true") is None


def test_a_running_nginx(world: World) -> None:
    world.leave(12)
    result = found(world)
    assert (result["installed"], result["version"], result["running_version"]) == (True, "1.22.1", "1.22.1")
    assert (result["workers"], result["workers_leaving"], result["upgrade_pending"]) == ([11], [12], False)
    assert result["unit"] == {"name": "nginx", "load_state": "loaded", "enabled": True, "active": True, "active_state": "active",
                              "sub_state": "running", "main_pid": 10, "needs_reload": False}
    assert result["paths"]["conf"] == f"{world.base}/conf/nginx.conf"
    assert result["modules"]["left_out"] == ["http_geo_module"]
    assert len(world.commands) == 2


def test_a_unit_whose_files_have_changed(world: World) -> None:
    world.unit["NeedDaemonReload"] = "yes"
    assert found(world)["unit"]["needs_reload"] is True


def test_a_binary_that_was_replaced_under_the_master(world: World) -> None:
    world.replace_binary()
    result = found(world)
    assert (result["version"], result["running_version"], result["upgrade_pending"]) == ("1.26.3", "1.22.1", True)


def test_without_nginx_nothing_fails(world: World) -> None:
    world.binary.unlink()
    world.unit = {"LoadState": "not-found", "UnitFileState": "", "ActiveState": "inactive", "SubState": "dead", "MainPID": 0}
    result = found(world)
    assert (result["installed"], result["version"], result["configure_arguments"], result["paths"]) == (False, None, [], {})
    assert (result["unit"]["load_state"], result["unit"]["enabled"], result["workers"]) == ("not-found", False, [])
    assert result.keys() == found(World(world.base / "other")).keys()


def test_without_systemd_nothing_fails(world: World) -> None:
    world.answers["systemctl show"] = lambda: Finished(1, "System has not been booted with systemd as init system")
    assert found(world)["unit"]["load_state"] == "unknown"


def test_a_path_that_is_not_there(world: World) -> None:
    assert found(world, "/usr/local/shop/nginx/sbin/nginx")["installed"] is False


def test_dynamic_modules_build_and_digests(world: World) -> None:
    (world.base / "modules").mkdir()
    (world.base / "modules/ngx_stream_module.so").touch()
    (world.base / STAMP).write_text('{"id": "abc"}')
    (world.base / "here").write_text("")
    result = found(world, files=[f"{world.base}/here", f"{world.base}/gone"])
    assert result["modules"]["dynamic"] == ["ngx_stream_module"]
    assert result["build"] == {"id": "abc"}
    assert result["files"] == {
        f"{world.base}/here": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", f"{world.base}/gone": None}


def test_a_damaged_note_of_the_build_is_none(world: World) -> None:
    (world.base / STAMP).write_text('{"id": ')
    assert found(world)["build"] is None
