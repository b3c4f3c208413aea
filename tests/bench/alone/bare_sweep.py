"""The simulation of a sweep and nothing else: no plan, no rows in files. Prints the sum of all times.

Takes ``key=v1,v2,...`` of topology, size, algorithm and seed.
"""

from __future__ import annotations

import math
import sys

from fabric import Fabric
from sims.jobs.allreduce import AllReduce
from sims.settings.assignments import read_assignments
from sims.studies.sweep.axis import read_values
from topologies import load

given = {
    key: [v for text in texts for v in read_values(key, text)]
    for key, texts in read_assignments(sys.argv[1:])
}
(topology,) = given["topology"]
fabric = Fabric.from_graph(load(topology))
times = []
for seed in map(int, given["seed"]):
    job = AllReduce(fabric, topology=topology, digest="", seed=seed)
    times += [row.time_s for row in job.rows(given["algorithm"], [int(size) for size in given["size"]])]
print(repr(math.fsum(times)))
