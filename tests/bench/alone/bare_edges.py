"""The floor of any topology: the edges in a file put into a NetworkX graph. Nothing of fabricsim."""

import sys

import networkx as nx
import numpy as np

tail, head = np.load(sys.argv[1])
G = nx.Graph()
G.add_edges_from(zip(tail.tolist(), head.tolist()))
assert G.number_of_edges() == len(tail)
