"""A taken port does not stop a box."""

import socket

from onebox.ports import ANY, HOST, Ports, choose


def test_a_taken_port_is_replaced_by_a_free_one() -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        chosen = choose(Ports(port, 0, 0, 0, 0)).api
        assert chosen != port
        socket.create_server((HOST, chosen)).close()


def test_no_port_is_given_out_twice() -> None:
    chosen = choose(ANY)
    ports = {
        chosen.api,
        chosen.stripe_sandbox,
        chosen.temporal,
        chosen.temporal_ui,
        chosen.postgres,
    }
    assert len(ports) == 5
    assert 0 not in ports
