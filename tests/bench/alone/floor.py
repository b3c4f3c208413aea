"""The floor of the benchmarks: build the edges of the k-ary fat tree with NetworkX and exit.

Nothing of fabricsim.
"""

import sys

import networkx as nx
import numpy as np

k = int(sys.argv[1])
half = k // 2
hosts, leaves = k**3 // 4, k * half
host = np.arange(hosts)
leaf = np.repeat(np.arange(leaves), half)
other = np.tile(np.arange(half), leaves)
spine = leaf // half * half + other
core = leaf % half * half + other
tail = np.concatenate([host, hosts + leaf, hosts + leaves + leaf])
head = np.concatenate([hosts + host // half, hosts + leaves + spine, hosts + 2 * leaves + core])

G = nx.Graph()
G.add_edges_from(zip(tail.tolist(), head.tolist()))
assert G.number_of_edges() == 3 * hosts
