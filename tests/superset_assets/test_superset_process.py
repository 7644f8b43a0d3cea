"""Starting and stopping the server, with a shell script in place of Superset."""

import re
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from superset_assets.client import connect
from superset_assets.errors import (
    CredentialsError,
    EnvironmentMissingError,
    OtherPortError,
    PortInUseError,
    RequestFailedError,
    StartFailedError,
)
from superset_assets.process import Credentials, Server

SLEEPER = """
test "$1" = -m || exit 0
while [ "$1" != --pid ]; do shift; done
trap 'kill $!; wait; exit' TERM
sleep 60 &
echo $$ > "$2"
wait
"""  # as gunicorn does: it writes its pid file and starts a child process


def python_that(tmp_path: Path, script: str) -> Path:
    path = tmp_path / "python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def sleeper(tmp_path: Path, port: int) -> Server:
    return Server(tmp_path / "home", tmp_path / "published", port, python_that(tmp_path, SLEEPER))


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Server]:
    """A server that looks like this home's Superset, started by this object."""
    server = sleeper(tmp_path, 0)
    assert server.start() is True
    try:
        deadline = time.monotonic() + 10
        while not (server.pid_file.exists() and server.pid_file.read_text()):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        yield server
    finally:
        server.stop()


def test_running_server_is_not_started_twice_and_only_its_starter_stops_it(running: Server, tmp_path: Path) -> None:
    second = sleeper(tmp_path, running.port)
    assert second.start() is False
    second.stop()
    assert running.running() and second.running()
    running.stop()
    assert not running.running() and not second.running()


def test_server_on_another_port_is_an_error_with_port_process_and_next_step(running: Server, tmp_path: Path) -> None:
    other = sleeper(tmp_path, 9)
    pid = running.pid_file.read_text().strip()
    for call in (other.start, other.running):
        with pytest.raises(
            OtherPortError, match=rf"port 0 \(process {pid}\), not on 9\. Use port 0, or .*`kill {pid}`"
        ):
            call()


def test_superset_of_another_home_does_not_count_as_running(running: Server, tmp_path: Path) -> None:
    other = Server(tmp_path / "other", tmp_path / "published", running.port)
    other.home.mkdir()
    other.pid_file.write_text(running.pid_file.read_text())
    assert not other.running()


def test_superset_gets_no_secret_by_its_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SHOPIFY_TOKEN", "PYTHONHOME", "SUPERSET_CONFIG"):
        monkeypatch.setenv(name, "shpat_secret")
    for name in ("LC_ALL", "TZ", "https_proxy"):
        monkeypatch.setenv(name, "passed")
    server = Server(tmp_path / "home", tmp_path / "published", 0, python_that(tmp_path, "env >> environment"))
    server.start()
    server.stop()
    environment = (server.home / "environment").read_text()
    assert "shpat_secret" not in environment
    # complete for the bootstrap; the server, which is stopped at once, may have written a part
    assert set(re.findall("^(.*)=passed$", environment, re.MULTILINE)) == {"LC_ALL", "TZ", "https_proxy"}
    assert f"TAKINGS_SUPERSET_HOME={server.home}" in environment and "PATH=" in environment


@pytest.mark.parametrize("text", [b"{", b"\xff\xfe", b"[]", b'{"admin": "secret"}', b'{"admin": {}}'])
def test_damaged_credentials_are_one_message_that_names_the_file(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "credentials.json"
    path.write_bytes(text)
    with pytest.raises(CredentialsError, match=re.escape(str(path)) + ".*remove the file"):
        Credentials(path).login("admin")
    assert path.read_bytes() == text


def test_missing_environment_names_the_command_that_installs_it(tmp_path: Path) -> None:
    server = Server(tmp_path / "home", tmp_path / "published", python=tmp_path / "nothing")
    with pytest.raises(EnvironmentMissingError, match="make demo"):
        server.start()


def test_port_in_use_is_an_error_before_anything_is_created(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        server = Server(tmp_path / "home", tmp_path / "published", port, python_that(tmp_path, "exit 0"))
        with pytest.raises(PortInUseError, match=f"Port {port}.*Stop it, or choose another port"):
            server.start()
    assert not (tmp_path / "home").exists()


def test_failed_bootstrap_shows_the_end_of_its_log(tmp_path: Path) -> None:
    server = Server(
        tmp_path / "home", tmp_path / "published", 0, python_that(tmp_path, "echo no disk left >&2; exit 3")
    )
    with pytest.raises(StartFailedError, match=r"(?s)code 3.*no disk left.*superset.log"):
        server.start()


def test_server_that_ends_while_starting_is_an_error_at_once(tmp_path: Path) -> None:
    server = Server(tmp_path / "home", tmp_path / "published", 0, python_that(tmp_path, 'test "$1" != -m'))
    server.start()
    with pytest.raises(StartFailedError, match="ended with code 1"):
        server.wait_ready(timeout=20)


def test_passwords_are_generated_once_and_readable_by_their_owner_only(tmp_path: Path) -> None:
    first = Credentials(tmp_path / "home" / "credentials.json").login("aurora")
    again = Credentials(tmp_path / "home" / "credentials.json")
    assert again.login("aurora") == first
    assert again.login("nordlicht").password != first.password
    assert stat.S_IMODE(again.path.stat().st_mode) == 0o600


def test_password_is_never_sent_unencrypted_to_another_machine() -> None:
    with pytest.raises(RequestFailedError, match="https"):
        connect("http://superset.example.com", "admin", "secret")


def test_stopping_a_server_that_does_not_run_is_no_error(tmp_path: Path) -> None:
    Server(tmp_path / "home", tmp_path / "published").stop()


def test_flushing_the_cache_removes_every_answer(tmp_path: Path) -> None:
    server = Server(tmp_path, tmp_path / "published")
    cache = tmp_path / "cache" / "data"
    cache.mkdir(parents=True)
    for name in ("aa", "bb"):
        (cache / name).touch()
    assert server.flush_data_cache() == 2
    assert list(cache.iterdir()) == []
