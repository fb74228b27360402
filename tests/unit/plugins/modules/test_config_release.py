# Copyright: the steadfast.edge authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module from its arguments to its answer, on a real tree, and what it must never tell."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args
from ansible_collections.steadfast.edge.plugins.modules import config_release

SECRET = "correct horse\nbattery staple\n"
Run = Callable[..., dict[str, Any]]


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What would be in the log of the host."""
    lines: list[str] = []
    monkeypatch.setattr(basic.AnsibleModule, "log", lambda self, msg, log_args=None: lines.append(f"{msg} {log_args}"))
    return lines


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], log: list[str]) -> Run:
    """Runs main() with these arguments, and gives what it prints."""
    (tmp_path / "etc/app").mkdir(parents=True)

    def once(**options: Any) -> dict[str, Any]:
        arguments = {"path": str(tmp_path / "etc/app"), "state_dir": str(tmp_path / "state"), "_ansible_diff": True,
                     "_ansible_remote_tmp": str(tmp_path), "_ansible_keep_remote_files": False, **options}
        with patch_module_args(arguments), pytest.raises(SystemExit):
            config_release.main()
        answer: dict[str, Any] = json.loads(capsys.readouterr().out)
        return answer

    return once


def entry(path: str, content: object = "x\n", **options: Any) -> dict[str, Any]:
    return {"path": path, "content": content, "owner": str(os.getuid()), "group": str(os.getgid()), **options}


def test_the_documentation_is_the_argument_spec() -> None:
    def bare(options: dict[str, Any], inner: str) -> dict[str, Any]:
        kept = ("type", "required", "default", "choices", "elements")
        return {name: {**{key: option[key] for key in kept if option.get(key) is not None and option.get(key) is not False},
                       "options": bare(option.get(inner) or {}, inner)} for name, option in options.items()}

    documented = yaml.safe_load(config_release.DOCUMENTATION)["options"]
    assert bare(documented, "suboptions") == bare(config_release.argument_spec(), "options")


def test_the_documented_answer_is_the_answer(run: Run) -> None:
    documented = yaml.safe_load(config_release.RETURN)
    own = {"changed", "diff", "invocation", "failed", "warnings", "exception", "ansible_facts"}
    success = run(files=[entry("a")])
    assert set(success) - own == {name for name, value in documented.items() if value["returned"] in ("success", "always")}
    failure = run(files=[entry("a", "y")], validate=["false"])
    assert set(failure) - own == {name for name, value in documented.items() if value["returned"] in ("failure", "always")}


def test_examples_are_arguments_the_module_knows() -> None:
    spec = config_release.argument_spec()
    for task in yaml.safe_load(config_release.EXAMPLES):
        arguments = task["steadfast.edge.config_release"]
        assert set(arguments) <= set(spec)
        for name in ("files", "prove"):
            given = arguments.get(name) or []
            for item in given if isinstance(given, list) else [given]:
                assert set(item) <= set(spec[name]["options"])


def test_check_mode_then_real_then_nothing(run: Run, tmp_path: Path) -> None:
    files = [entry("conf.d/a.conf"), entry("key", SECRET, secret=True, mode="0600"), {"path": "on", "link": "conf.d/a.conf"}]
    options = {"files": files, "validate": ["test", "-f", "{tree}/key"], "reload": ["true"]}
    foreseen = run(**options, _ansible_check_mode=True)
    assert not list((tmp_path / "etc/app").iterdir())
    done = run(**options)
    assert done["changed"] and foreseen == done
    again = run(**options)
    assert not again["changed"] and not again["diff"]
    assert again.keys() == done.keys()


def test_rolled_back_needs_no_files(run: Run, tmp_path: Path) -> None:
    run(files=[entry("a", "1")])
    run(files=[entry("a", "2")])
    assert run(state="rolled_back")["changed"]
    assert (tmp_path / "etc/app/a").read_text() == "1"


def test_the_checkers_complaint_is_passed_on_with_its_place(run: Run, tmp_path: Path) -> None:
    answer = run(files=[entry("a.conf", "one\ntwo\n")], validate=["sh", "-c", "echo bad in {tree}/a.conf:2; exit 1"])
    assert answer["failed"] and (answer["file"], answer["line"]) == ("a.conf", 2)
    assert answer["output"] == f"bad in {tmp_path}/etc/app/a.conf:2"
    assert "[a.conf, line 2: two]" in answer["msg"]


@pytest.mark.parametrize(("options", "problem"), [
    ({}, "files"),
    ({"files": [], "release": "1-x"}, "state=rolled_back"),
    ({"files": [], "keep": -1}, "keep: -1"),
    ({"files": [], "prove": {"workers": "started"}}, "workers needs service"),
    ({"files": [], "prove": {"url": "ftp://x"}}, "must begin with http"),
    ({"files": [], "prove": {"log_reject": "("}}, "not a regular expression"),
    ({"files": [entry("../x")]}, "is not a file below the tree"),
    ({"files": [entry("x", owner="no-such-account")]}, "does not exist on the host"),
    ({"files": [], "path": "/"}, "other than /"),
])
def test_wrong_arguments_are_told_in_one_sentence(run: Run, options: dict[str, Any], problem: str) -> None:
    answer = run(**options)
    assert answer["failed"] and problem in answer["msg"]


def test_an_account_that_is_still_to_come_is_foreseen(run: Run) -> None:
    answer = run(files=[entry("x", owner="no-such-account")], _ansible_check_mode=True)
    assert answer["changed"] and "failed" not in answer


LEAKS = [
    {},
    {"_ansible_check_mode": True},
    {"validate": ["false"]},
    {"reload": ["false"]},
    {"no_such_option": 1},
    {"keep": "not a number"},
    {"path": "/proc"},
]


@pytest.mark.parametrize("options", LEAKS)
@pytest.mark.parametrize("secret", [SECRET, "single"])
def test_a_secret_is_neither_told_nor_logged(run: Run, log: list[str], options: dict[str, Any], secret: str) -> None:
    answers = [run(**{"files": [entry("key", text, secret=True)], **options}) for text in (secret, "other")]
    everything = json.dumps(answers) + "\n".join(log)
    assert not [word for word in secret.split() if word in everything]
    # From ansible-core 2.21 on, a module returns its arguments only when asked.
    invocation = answers[0].get("invocation")
    assert invocation is None or invocation["module_args"]["files"][0]["path"] == "key"


@pytest.mark.parametrize("files", [[SECRET], SECRET, [{"path": "key", "content": SECRET, "no_such_key": SECRET}], [{"content": SECRET}]])
def test_a_secret_in_malformed_files_is_neither_told_nor_logged(run: Run, log: list[str], files: object) -> None:
    answer = run(files=files)
    assert answer["failed"]
    assert not [word for word in SECRET.split() if word in json.dumps(answer) + "\n".join(log)]
