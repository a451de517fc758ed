"""Listening sockets: one for each worker, and nobody else's port."""

import socket

import pytest

from outerward.errors import OuterwardError
from outerward.listeners import bind, is_free


def test_port_zero_gives_every_worker_a_socket_on_one_free_port() -> None:
    listener = bind("127.0.0.1:0", 3)
    ports = {each.getsockname()[1] for each in listener.sockets}
    assert ports == {listener.port}
    assert len({each.fileno() for each in listener.sockets}) == 3
    assert listener.url == f"http://127.0.0.1:{listener.port}"
    listener.close()


def test_each_socket_takes_connections_before_a_worker_is_there() -> None:
    listener = bind("127.0.0.1:0", 2)
    clients = [socket.create_connection(("127.0.0.1", listener.port)) for _ in range(20)]
    listener.close()
    for client in clients:
        client.close()


@pytest.mark.parametrize("shared", [True, False])
def test_a_port_that_somebody_listens_on_is_refused_in_words(shared: bool) -> None:
    with socket.create_server(("127.0.0.1", 0), reuse_port=shared) as other:
        port = other.getsockname()[1]
        assert not is_free("127.0.0.1", port)
        with pytest.raises(OuterwardError, match=f"cannot listen on 127.0.0.1:{port}: the port is in use"):
            bind(f"127.0.0.1:{port}")
        with pytest.raises(OuterwardError, match="in use"):
            bind(f"0.0.0.0:{port}")


def test_a_port_is_free_again_once_closed() -> None:
    listener = bind("127.0.0.1:0")
    listener.close()
    assert is_free("127.0.0.1", listener.port)


def test_an_address_of_another_machine_is_refused_in_words() -> None:
    with pytest.raises(OuterwardError, match=r"cannot listen on 192\.0\.2\.1:0: .+"):
        bind("192.0.2.1:0")


@pytest.mark.parametrize(
    ("text", "host"), [("0.0.0.0:0", "127.0.0.1"), ("[::1]:0", "[::1]"), ("[::]:0", "[::1]")]
)
def test_the_url_is_one_that_this_machine_can_reach(text: str, host: str) -> None:
    listener = bind(text)
    assert listener.url == f"http://{host}:{listener.port}"
    listener.close()
