# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module lvs_tunnel from its arguments to its answer. Its script really runs, with programs that record what they are told."""
from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.steadfast.edge.plugins.module_utils._command import Runner
from ansible_collections.steadfast.edge.plugins.module_utils._ipvs.host import Host
from ansible_collections.steadfast.edge.plugins.module_utils._tunnel.files import MODULES, SCRIPT, SYSCTL, UNIT
from ansible_collections.steadfast.edge.plugins.modules import lvs_tunnel

# What stands for the programs: modprobe makes interfaces, ip sets their flags, the packet filter keeps its rules in a file.
MODPROBE = """#!/bin/sh
[ $1 = ipip ] && name=tunl0 || name=ip6tnl0
mkdir -p $ROOT/sys/class/net/$name $ROOT/proc/sys/net/ipv4/conf/$name
echo 0x80 >$ROOT/sys/class/net/$name/flags
echo 1 >$ROOT/proc/sys/net/ipv4/conf/$name/rp_filter
"""
IP = """#!/bin/sh
[ $5 = up ] && flags=0xc1 || flags=0x80
echo $flags >$ROOT/sys/class/net/$4/flags
"""
FILTER = r"""#!/bin/sh
# -w -t mangle VERB ARGUMENTS
rules=$ROOT/rules.${0##*/}
touch $rules
shift 3
verb=$1; shift
case $verb in
    -S) cat $rules ;;
    -N) ! grep -qx -e "-N $1" $rules && echo "-N $1" >>$rules ;;
    -F) grep -qx -e "-N $1" $rules || exit 1; sed -i "/^-A $1 /d" $rules ;;
    -X) sed -i "/^-N $1/d" $rules ;;
    -C) grep -qx -e "-A $*" $rules ;;
    -A) echo "-A $*" >>$rules ;;
    -D) grep -qx -e "-A $*" $rules || exit 1; sed -i "/^-A $*\$/d" $rules ;;
esac
"""
BROKEN = "#!/bin/sh\nexit 4\n"


class Machine:
    """A root folder. What the script names with absolute paths is below it while the script runs."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.host = Host(self._systemctl, str(root))
        self.commands: list[str] = []
        (root / "run/systemd/system").mkdir(parents=True)
        for name, text in (("modprobe", MODPROBE), ("ip", IP), ("iptables", FILTER), ("ip6tables", FILTER)):
            self.install(name, text)

    def install(self, name: str, text: str) -> None:
        path = self.root / "usr/sbin" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def _systemctl(self, argv: Sequence[str]) -> tuple[int, str, str]:
        self.commands.append(" ".join(argv))
        return 0, "", ""

    def execute(self, argv: Sequence[str], _stdin: str | None, _environment: object) -> tuple[int, str, str]:
        argv = list(argv)
        if argv[0] == "/bin/sh":
            script = self.text(argv[1])
            copy = self.root / "copy"
            copy.write_text(re.sub(r"(?<=[ \">])/(sys|proc)/", rf"{self.root}/\1/", script))
            argv[1] = str(copy)
        path = f"{self.root}/usr/sbin:{os.environ['PATH']}"
        done = subprocess.run(argv, env={"PATH": path, "ROOT": str(self.root)}, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    def text(self, path: str) -> str:
        return (self.root / path.lstrip("/")).read_text()

    def has(self, path: str) -> bool:
        return os.path.lexists(self.root / path.lstrip("/"))

    def rules(self, program: str = "iptables") -> list[str]:
        return self.text(f"rules.{program}").splitlines()


@pytest.fixture(name="machine")
def a_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine(tmp_path)
    monkeypatch.setattr(lvs_tunnel, "Host", lambda run: machine.host)
    monkeypatch.setattr(lvs_tunnel, "module_runner", lambda module: Runner(machine.execute))
    return machine


@pytest.fixture(name="run")
def runner(machine: Machine, capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*vips: str, check: bool = False, **options: Any) -> dict[str, Any]:
        with patch_module_args({"vips": list(vips), "_ansible_check_mode": check, **options}), pytest.raises(SystemExit):
            lvs_tunnel.main()
        answer: dict[str, Any] = json.loads(capsys.readouterr().out)
        answer.pop("invocation", None)
        return answer

    return call


def clamp(vip: str, mss: int) -> str:
    return f"-A steadfast-tunnel -s {vip} -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss {mss}"


def test_check_mode_says_what_the_real_run_does(machine: Machine, run: Any) -> None:
    predicted = run("192.0.2.150", check=True)
    assert not machine.has(SCRIPT) and not machine.has("/sys/class/net/tunl0")
    assert run("192.0.2.150") == predicted
    assert predicted["before"]["tunl0"] == {"up": False, "clamp": [], "rp_filter": None}
    assert machine.rules() == ["-N steadfast-tunnel", "-A OUTPUT -j steadfast-tunnel", clamp("192.0.2.150/32", 1440)]
    assert machine.text("/proc/sys/net/ipv4/conf/tunl0/rp_filter") == "2\n"
    assert machine.text(MODULES).splitlines()[1:] == ["ipip"]
    assert "net.ipv4.conf.tunl0.rp_filter = 2" in machine.text(SYSCTL)
    assert machine.has("/etc/systemd/system/multi-user.target.wants/steadfast-edge-tunnel.service")
    assert machine.commands == ["systemctl daemon-reload"]
    again = run("192.0.2.150")
    assert (again["changed"], again["actions"]) == (False, [])


def test_both_families(machine: Machine, run: Any) -> None:
    run("2001:db8::150", "192.0.2.150", "192.0.2.151/32")
    assert machine.text(MODULES).splitlines()[1:] == ["ipip", "ip6_tunnel"]
    assert machine.rules("ip6tables")[-1] == clamp("2001:db8::150/128", 1392)
    assert machine.rules()[-2:] == [clamp("192.0.2.150/32", 1440), clamp("192.0.2.151/32", 1440)]
    assert run("192.0.2.151", "192.0.2.150", "2001:db8::150")["changed"] is False


def test_a_family_that_leaves_is_taken_down_and_the_other_one_stays(machine: Machine, run: Any) -> None:
    run("2001:db8::150", "192.0.2.150")
    answer = run("192.0.2.150")
    assert answer["actions"][0] == "take ip6tnl0 down"
    assert machine.rules("ip6tables") == []
    assert machine.text("/sys/class/net/ip6tnl0/flags") == "0x80\n"
    assert machine.text("/sys/class/net/tunl0/flags") == "0xc1\n"
    assert run("192.0.2.150")["changed"] is False


def test_taken_back_nothing_is_left(machine: Machine, run: Any) -> None:
    run("192.0.2.150", "2001:db8::150")
    predicted = run(check=True)
    assert run() == predicted
    assert not any(machine.has(path) for path in (MODULES, SCRIPT, SYSCTL, UNIT))
    assert (machine.rules(), machine.rules("ip6tables")) == ([], [])
    assert machine.text("/sys/class/net/tunl0/flags") == "0x80\n"
    assert run()["changed"] is False


@pytest.mark.parametrize(
    ("damage", "text"),
    [("sys/class/net/tunl0/flags", "0x80\n"), ("proc/sys/net/ipv4/conf/tunl0/rp_filter", "1\n"), ("rules.iptables", "")],
)
def test_what_somebody_undid_is_done_again(machine: Machine, run: Any, damage: str, text: str) -> None:
    run("192.0.2.150")
    (machine.root / damage).write_text(text)
    assert run("192.0.2.150")["actions"] == ["set the tunnels up"]
    assert run("192.0.2.150")["changed"] is False


def test_another_mss_replaces_the_rule_and_none_removes_it(machine: Machine, run: Any) -> None:
    run("192.0.2.150")
    run("192.0.2.150", mss={"ipv4": 1360})
    assert machine.rules()[2:] == [clamp("192.0.2.150/32", 1360)]
    run("192.0.2.150", mss={"ipv4": 0})
    assert machine.rules() == []
    assert run("192.0.2.150", mss={"ipv4": 0})["changed"] is False


def test_a_kernel_without_nf_tables_takes_the_older_program(machine: Machine, run: Any) -> None:
    machine.install("iptables", BROKEN)
    machine.install("iptables-legacy", FILTER)
    assert run("192.0.2.150")["changed"] is True
    assert machine.rules("iptables-legacy")[-1] == clamp("192.0.2.150/32", 1440)
    assert run("192.0.2.150")["changed"] is False


def test_no_packet_filter_is_an_error_that_says_so(machine: Machine, run: Any) -> None:
    machine.install("iptables", BROKEN)
    machine.install("ip6tables", BROKEN)
    answer = run("192.0.2.150")
    assert answer["failed"] is True
    assert "neither iptables nor iptables-legacy can change the table mangle" in answer["msg"]
    assert f"write {SCRIPT}" in answer["actions"]


def test_a_tunnel_that_does_not_come_up_is_an_error(machine: Machine, run: Any) -> None:
    machine.install("ip", "#!/bin/sh\n")
    assert "tunl0 is {'up': False" in run("192.0.2.150")["msg"]


@pytest.mark.parametrize(
    ("vip", "options", "words"),
    [
        ("shop", {}, "'shop' is no IP address"),
        ("192.0.2.150", {"mss": {"ipv4": 40}}, "mss.ipv4 is 40, but must be 0 or between 88 and 65495"),
        ("192.0.2.150", {"mss": {"ipv5": 40}}, "ipv5"),
    ],
)
def test_bad_input_changes_nothing(machine: Machine, run: Any, vip: str, options: dict[str, Any], words: str) -> None:
    answer = run(vip, **options)
    assert answer["failed"] is True
    assert words in answer["msg"]
    assert not machine.has(SCRIPT)
