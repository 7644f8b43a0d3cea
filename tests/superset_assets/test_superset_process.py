"""Starting and stopping, as far as it needs no Superset."""

import socket
import stat
from pathlib import Path

import pytest

from superset_assets.client import connect
from superset_assets.errors import EnvironmentMissingError, PortInUseError, RequestFailedError, StartFailedError
from superset_assets.process import Credentials, Server


def python_that(tmp_path: Path, script: str) -> Path:
    path = tmp_path / "python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_a_missing_environment_names_the_command_that_makes_it(tmp_path: Path) -> None:
    server = Server(tmp_path / "home", tmp_path / "published", python=tmp_path / "nothing")
    with pytest.raises(EnvironmentMissingError, match="make demo"):
        server.start()


def test_a_taken_port_is_said_before_anything_is_made(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        server = Server(tmp_path / "home", tmp_path / "published", port, python_that(tmp_path, "exit 0"))
        with pytest.raises(PortInUseError, match=f"Port {port}.*Stop it, or choose another port"):
            server.start()
    assert not (tmp_path / "home").exists()


def test_a_bootstrap_that_fails_shows_the_end_of_its_log(tmp_path: Path) -> None:
    server = Server(
        tmp_path / "home", tmp_path / "published", 0, python_that(tmp_path, "echo no disk left >&2; exit 3")
    )
    with pytest.raises(StartFailedError, match=r"(?s)code 3.*no disk left.*superset.log"):
        server.start()


def test_a_server_that_ends_while_starting_is_an_error_at_once(tmp_path: Path) -> None:
    server = Server(tmp_path / "home", tmp_path / "published", 0, python_that(tmp_path, 'test "$1" != -m'))
    server.start()
    with pytest.raises(StartFailedError, match="ended with code 1"):
        server.wait_ready(timeout=20)


def test_passwords_are_generated_once_and_readable_by_their_owner_alone(tmp_path: Path) -> None:
    first = Credentials(tmp_path / "home" / "credentials.json").login("aurora")
    again = Credentials(tmp_path / "home" / "credentials.json")
    assert again.login("aurora") == first
    assert again.login("nordlicht").password != first.password
    assert stat.S_IMODE(again.path.stat().st_mode) == 0o600


def test_a_password_is_never_sent_in_the_open_to_another_machine() -> None:
    with pytest.raises(RequestFailedError, match="https"):
        connect("http://superset.example.com", "admin", "secret")


def test_stopping_what_does_not_run_is_no_error(tmp_path: Path) -> None:
    Server(tmp_path / "home", tmp_path / "published").stop()


def test_flushing_the_cache_keeps_its_bookkeeping(tmp_path: Path) -> None:
    server = Server(tmp_path, tmp_path / "published")
    cache = tmp_path / "cache" / "data"
    cache.mkdir(parents=True)
    names = ["2029240f6d1128be89ddc32729463129", "aa", "bb"]
    for name in names:
        (cache / name).touch()
    assert server.flush_data_cache() == 2
    assert [path.name for path in cache.iterdir()] == names[:1]
