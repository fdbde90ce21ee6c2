#!/usr/bin/env python3
"""Clients that others wrote, unchanged, against a running server.

    lab proxy &
    python3 -m venv venv && venv/bin/pip install toxiproxy-python chaostoolkit-toxiproxy
    venv/bin/python lab/proxy/tests/clients.py [HOST:PORT]

Each step asserts what the client shows; the last line says how many steps held.
"""

import contextlib
import json
import socket
import sys
import threading
import time
import urllib.request

HOST, PORT = (sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:8474").split(":")
STEPS = []


def holds(what, condition):
    assert condition, what
    STEPS.append(what)
    print("ok", what)


def echo_server():
    """An upstream that sends back what it gets."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve(stream):
        with contextlib.suppress(ConnectionError), stream:
            while data := stream.recv(65536):
                stream.sendall(data)

    def accept():
        while True:
            threading.Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listening.getsockname()[1]


def round_trip(address, data=b"hello"):
    """Seconds of a round trip on a new connection; None when it is refused, reset or closed."""
    host, port = address.rsplit(":", 1)
    try:
        with socket.create_connection((host, int(port)), timeout=5) as stream:
            start = time.monotonic()
            stream.sendall(data)
            got = b""
            while len(got) < len(data):
                more = stream.recv(65536)
                if not more:
                    return None
                got += more
            return time.monotonic() - start
    except (ConnectionError, socket.timeout):
        return None


def toxiproxy_python(upstream):
    from toxiproxy import Toxiproxy
    from toxiproxy.exceptions import InvalidToxic, NotFound, ProxyExists

    server = Toxiproxy()
    server.update_api_consumer(HOST, int(PORT))
    holds("toxiproxy-python: running", server.running())
    holds("toxiproxy-python: version", b'"version"' in server.version())
    server.destroy_all()
    proxy = server.create(upstream=f"127.0.0.1:{upstream}", name="python")
    holds("toxiproxy-python: create", proxy.enabled and round_trip(proxy.listen) is not None)
    holds("toxiproxy-python: get_proxy", server.get_proxy("python").listen == proxy.listen)
    try:
        server.create(upstream="127.0.0.1:1", name="python")
        holds("toxiproxy-python: ProxyExists", False)
    except ProxyExists:
        holds("toxiproxy-python: ProxyExists", True)
    for kind, attributes in {
        "latency": {"latency": 50, "jitter": 5},
        "bandwidth": {"rate": 100},
        "slow_close": {"delay": 10},
        "timeout": {"timeout": 50},
        "reset_peer": {"timeout": 50},
        "slicer": {"average_size": 4, "size_variation": 1, "delay": 10},
        "limit_data": {"bytes": 3},
    }.items():
        proxy.add_toxic(type=kind, attributes=attributes)
        toxic = proxy.get_toxic(f"{kind}_downstream")
        shown = {name: toxic.attributes[name] for name in attributes}
        holds(f"toxiproxy-python: {kind}", shown == attributes and toxic.toxicity == 1)
        took = round_trip(proxy.listen)
        if kind == "latency":
            holds("toxiproxy-python: latency acts", took >= 0.045)
        if kind in ("timeout", "reset_peer", "limit_data"):
            holds(f"toxiproxy-python: {kind} acts", took is None)
        proxy.destroy_toxic(f"{kind}_downstream")
    try:
        proxy.destroy_toxic("none")
        holds("toxiproxy-python: NotFound", False)
    except NotFound:
        holds("toxiproxy-python: NotFound", True)
    try:
        proxy.add_toxic(type="none")
        holds("toxiproxy-python: InvalidToxic", False)
    except InvalidToxic:
        holds("toxiproxy-python: InvalidToxic", True)
    with proxy.down():
        holds("toxiproxy-python: down", round_trip(proxy.listen) is None)
    holds("toxiproxy-python: up again", round_trip(proxy.listen) is not None)
    server.populate([{"name": "python", "upstream": proxy.upstream, "listen": proxy.listen},
                     {"name": "other", "upstream": proxy.upstream, "listen": "127.0.0.1:0"}])
    holds("toxiproxy-python: populate", set(server.proxies()) == {"python", "other"})
    holds("toxiproxy-python: reset", server.reset())
    server.destroy_all()
    holds("toxiproxy-python: destroy_all", server.proxies() == {})


def chaostoolkit(upstream):
    from chaostoxi.proxy import actions, probes
    from chaostoxi.toxic import actions as toxics

    at = {"toxiproxy_host": HOST, "toxiproxy_port": int(PORT)}
    actions.create_proxy("chaos", "127.0.0.1", upstream, listen_host="127.0.0.1", configuration=at)
    holds("chaostoolkit: create", probes.proxy_exist("chaos", configuration=at))
    with urllib.request.urlopen(f"http://{HOST}:{PORT}/proxies/chaos") as answer:
        listen = json.load(answer)["listen"]
    toxics.create_latency_toxic("chaos", "slow", 40, 2, configuration=at)
    holds("chaostoolkit: latency acts", round_trip(listen) >= 0.037)
    toxics.delete_toxic("chaos", "slow", configuration=at)
    toxics.create_bandwith_degradation_toxic("chaos", "rate", 10, configuration=at)
    holds("chaostoolkit: bandwidth acts", round_trip(listen, b"x" * 5000) >= 0.3)
    toxics.delete_toxic("chaos", "rate", configuration=at)
    toxics.create_slow_connection_close_toxic("chaos", "close", 10, configuration=at)
    toxics.create_slicer_toxic("chaos", "slices", 3, 1, 10, configuration=at)
    toxics.create_limiter_toxic("chaos", "limit", 2, configuration=at)
    holds("chaostoolkit: limiter acts", round_trip(listen) is None)
    actions.disable_proxy("chaos", configuration=at)
    holds("chaostoolkit: disable", round_trip(listen) is None)
    actions.reset(configuration=at)
    holds("chaostoolkit: reset", round_trip(listen) is not None)
    actions.delete_proxy("chaos", configuration=at)
    holds("chaostoolkit: delete", not probes.proxy_exist("chaos", configuration=at))


if __name__ == "__main__":
    PORT_OF_ECHO = echo_server()
    toxiproxy_python(PORT_OF_ECHO)
    chaostoolkit(PORT_OF_ECHO)
    print(f"{len(STEPS)} steps held")
