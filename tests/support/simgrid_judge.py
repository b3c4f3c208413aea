"""Run by the Python that has SimGrid's bindings: loads a platform, asks for routes, runs flows on it.

Standard input: {"platform": PATH, "flows": [[from, to, bytes], ...]}; standard output: hosts, links
(name, bandwidth, latency), and of each flow the links and the latency of its route, and its end. Flows share
max-min fairly, as little else as SimGrid lets one switch off.
"""

import json
import sys

from simgrid import Actor, Engine, Mailbox  # type: ignore[import-not-found]

PLAIN = (
    "network/model:CM02",
    "network/TCP-gamma:0",
    "network/bandwidth-factor:1",
    "network/latency-factor:1",
    "network/weight-S:0",
    "network/crosstraffic:0",
)
asked = json.load(sys.stdin)
engine = Engine(["judge", "--log=root.thres:error", *(f"--cfg={one}" for one in PLAIN)])
engine.load_platform(asked["platform"])
hosts = {host.name: host for host in engine.all_hosts}
routes, ends = [], {}


def look():
    for a, b, _ in asked["flows"]:
        links, latency = hosts[a].route_to(hosts[b])
        routes.append(([link.name for link in links], latency))


def send(i, size):
    Mailbox.by_name(f"box {i}").put("bytes", int(size))


def receive(i):
    Mailbox.by_name(f"box {i}").get()
    ends[i] = Engine.clock


Actor.create("look", next(iter(hosts.values())), look)
for i, (a, b, size) in enumerate(asked["flows"]):
    Actor.create(f"sender {i}", hosts[a], send, i, size)
    Actor.create(f"receiver {i}", hosts[b], receive, i)
engine.run()
found = {
    "hosts": list(hosts),
    "links": [(one.name, one.bandwidth, one.latency) for one in engine.all_links],
    "routes": routes,
    "ends": [ends[i] for i in range(len(ends))],
}
print(json.dumps(found))
