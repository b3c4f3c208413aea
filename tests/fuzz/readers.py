# ruff: noqa: E501 (logs are as wide as they are printed)
"""Every reader of the program, one entry each: valid files, which the program itself writes where it can, and
the call that reads them. A new reader is a function here and a line in READERS.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fabric import Fabric, route
from fabric.damage.fault import parse_faults
from fabric.damage.fault_file import read_cables
from fabric.damage.upgrade import parse_upgrades
from fabric.routing.policies import parse_policy
from fabric.words.units import parse_rate, parse_sizes, parse_time
from sims import all_reduce
from sims.models.fluid.faults.schedule_file import read_schedule
from sims.models.fluid.faults.setting import Course
from sims.models.fluid.faults.wear import parse_wear
from sims.models.packet.settings import parse_packet_settings
from sims.models.profiles import latency_profile, profile_toml
from sims.scenario.files import write_records
from sims.scenario.parquet import has_parquet
from sims.scenario.row import Row
from sims.scenario.rows import read_results, read_rows
from sims.settings.assignments import read_assignments
from sims.settings.job_file import read_job
from sims.settings.scenario_file import read_scenario
from sims.studies.bom import bill
from sims.studies.bom.parts import read_parts, sample_text
from sims.studies.compare import compare
from sims.studies.measured.places import read_places
from sims.studies.measured.table import read_table
from sims.studies.nccl_log import read_nccl
from sims.studies.sweep.condition import Condition
from sims.studies.sweep.spec import read_sweep
from sims.studies.sweep.store import Store
from sims.workload.collectives import parse_algorithms
from sims.workload.placement import place
from sims.workload.trace import read_trace
from sims.workload.traffic import pattern, read_traffic
from topologies import fat_tree, load, star
from topologies.catalogue import canonical, parts_of
from topologies.claim import broken_claims
from topologies.files.exchange import write_graph

__all__ = ["READERS", "Reader"]

TREE = Fabric.from_graph(fat_tree(k=4))
GRAPHS = (fat_tree(k=2), star(endpoints=3), fat_tree(k=4, gpus_per_server=4))


@dataclass(frozen=True)
class Reader:
    """``seeds``: valid files; ``name``: of the file, whose ending tells its format; ``read``: given its path."""

    name: str
    seeds: Callable[[Path], list[bytes]]
    read: Callable[[str], object]


def _graph(path: str) -> object:
    graph = load(path)
    list(broken_claims(graph))
    return Fabric.from_graph(graph, allow_partition=True)


def _written(ending: str) -> Callable[[Path], list[bytes]]:
    def seeds(folder: Path) -> list[bytes]:
        found = []
        for graph in GRAPHS:
            write_graph(graph, folder / f"seed{ending}")
            found.append((folder / f"seed{ending}").read_bytes())
        return found

    return seeds


def _texts(*texts: str) -> Callable[[Path], list[bytes]]:
    return lambda folder: [text.encode() for text in texts]


def _text(read: Callable[[str], object]) -> Callable[[str], object]:
    """A reader of a text of the command line: as the shell hands it over, without NUL."""
    return lambda path: read(Path(path).read_bytes().replace(b"\0", b"").decode(errors="surrogateescape"))


def _rows() -> list[Row]:
    rows = all_reduce(TREE, "ring,tree", sizes=[1024, 2**20])
    return [*rows, replace(rows[0], gains={"routing": 1e-6})]


def _row_file(ending: str) -> Callable[[Path], list[bytes]]:
    def seeds(folder: Path) -> list[bytes]:
        path = folder / f"seed{ending}"
        write_records(path, [row.to_dict() for row in _rows()])
        return [path.read_bytes()]

    return seeds


def _compared(path: str) -> object:
    rows = read_rows(path)
    return compare(rows, rows)


def _folder(path: str) -> object:
    folder = Path(path).parent / "sweep"
    folder.mkdir(exist_ok=True)
    for file in folder.iterdir():
        file.unlink()
    (folder / "rows.jsonl").write_bytes(Path(path).read_bytes())
    with Store(folder) as store:
        return store.results, read_results(folder) if store.results else None


def _routed(path: str) -> object:
    return route(TREE, [0, 1, 2], [15, 9, 4], parse_policy(f"static:file={path}"))


def _tables(folder: Path) -> list[bytes]:
    leaf, spine = TREE.label(16), TREE.label(24)
    lines = [
        "switch,destination,next_hop",
        f"{leaf},15,{spine}",
        f"{leaf},9,{spine}",
        f"{leaf},{TREE.label(0)},{TREE.label(0)}",
    ]
    return ["\n".join(lines).encode()]


def _dumped(path: str) -> object:
    """A path by tables that InfiniBand's tools print, on a fabric that was read from a dump."""
    folder = Path(path).parent
    write_graph(star(endpoints=3), folder / "dumped.ibnetdiscover")
    fabric = Fabric.from_graph(load(str(folder / "dumped.ibnetdiscover")))
    return route(fabric, [0, 1], [1, 0], parse_policy(f"static:file={path}"))


_LINKINFO = (
    """CA: a mlx5_0:
      0x0000000000000011      1    1[  ] ==( 4X 53.125 Gbps Active/  LinkUp)==>       3    1[  ] "leaf" ( )
CA: b mlx5_0:
      0x0000000000000021      2    1[  ] ==( 4X 53.125 Gbps Active/  LinkUp)==>       3    2[  ] "leaf" ( )
Switch: 0x0000000000000030 leaf:
           3    1[  ] ==( 4X 53.125 Gbps Active/  LinkUp)==>       1    1[  ] "a mlx5_0" ( )
           3    2[  ] ==( 4X 53.125 Gbps Active/  LinkUp)==>       2    1[  ] "b mlx5_0" ( )
           3    3[  ] ==(                Down/ Polling)==>             [  ] "" ( )
""",
    """0x0000000000000011 "   a mlx5_0"  1    1[  ] ==( 4X 53.125 Gbps Active/  LinkUp)==>  0x0000000000000030  3    1[  ] "leaf" ( )
0x0000000000000030 "   leaf"  3    1[  ] ==( 4X 53.125 Gbps Active/  LinkUp)==>  0x0000000000000011  1    1[  ] "a mlx5_0" ( )
0x0000000000000030 "   leaf"  3    2[  ] ==( 4X 53.125 Gbps Active/  LinkUp)==>  0x0000000000000021  2    1[  ] "b mlx5_0" ( )
""",
)
_LFT = """Unicast lids [0-4] of switch Lid 4 guid 0x0200000000000400 ('3'):
0x0001 001 # Channel Adapter portguid 0x0200000000000100: 'gpu-0 mlx5_0'
1 lids dumped
Unicast lids [0x0-0x4] of switch DR path slid 0; dlid 0; 0,1 guid 0x0200000000000400 (3):
  Lid  Out   Destination
       Port     Info
0x0002 002
0x0003 003 : (Channel Adapter portguid 0x0200000000000300: 'gpu-2 mlx5_0')
2 valid lids dumped
"""


_GEXF = """<gexf version="1.3"><graph defaultedgetype="undirected">
<attributes class="edge"><attribute id="0" title="rate" type="double"><default>5e9</default></attribute></attributes>
<nodes><node id="a1" label="a1"/><node id="a2"/><node id="s" label="leaf"/></nodes>
<edges><edge id="0" source="a1" target="s"><attvalues><attvalue for="0" value="1e9"/></attvalues></edge>
<edge id="1" source="s" target="a2"/></edges></graph></gexf>
"""
_GML = 'graph [ multigraph 1 node [ id 0 label "a" ] node [ id 1 ] edge [ source 0 target 1 rate 5e9 ] ]'
_NEIGHBOURS = "StartDevice,StartPort,EndDevice,EndPort,BandWidth\na1,1,leaf,1,400000\na2,1,leaf,2,400000\n"


_SERVER = """<system version="1"><cpu numaid="0"><pci busid="a"><gpu dev="0" sm="90"><nvlink count="18"/></gpu></pci>
<pci busid="b"><gpu dev="1" sm="90"><nvlink count="18"/></gpu></pci>
<pci><nic><net name="mlx5_0" dev="0" speed="400000" port="1"/></nic></pci></cpu></system>
"""
_INSPECTOR = """{"header": {"id": "0x7f", "rank": 0, "n_ranks": 2}, "metadata": {"hostname": "a"}, "coll_perf":
{"coll": "AllReduce", "coll_sn": 1, "coll_msg_size_bytes": 8000000, "coll_exec_time_us": 100, "coll_algobw_gbs": 80.0}}
"""
_GOAL = """num_ranks 2
rank 0 { a: calc 10 cpu 1 b: send 5b to 1 tag 3 b requires a }
rank 1 { a: recv 5b from 0 tag 3 b: calc 4 b irequires a }
"""
_CHAKRA = """{"nodes": [{"id": 1, "type": 4, "duration_micros": 3}, {"id": 2, "type": "COMM_COLL_NODE", "data_deps": [1],
"attr": [{"name": "comm_type", "int64_val": "0"}, {"name": "comm_size", "int64_val": 800}]}]}
"""
_CONNECTIONS = "Nodes 4\nConnections 2\n0->1 id 1 start 0 size 2000\n2->3 id 2 start 500 size 2000\n"


def _array(folder: Path) -> list[bytes]:
    np.save(folder / "seed.npy", np.arange(9.0).reshape(3, 3))
    return [(folder / "seed.npy").read_bytes()]


def _written_trees(ending: str) -> Callable[[Path], list[bytes]]:
    def seeds(folder: Path) -> list[bytes]:
        write_graph(fat_tree(k=4), folder / f"seed{ending}")
        return [(folder / f"seed{ending}").read_bytes()]

    return seeds


def _input(name: str) -> Callable[[Path], list[bytes]]:
    return lambda folder: [(Path(__file__).parents[1] / "gold" / "inputs" / name).read_bytes()]


def _json_log() -> str:
    body = {"time": 75.0, "alg_bw": 13.981, "bus_bw": 24.467, "nwrong": 0.0}
    device = [{"rank": i, "group": 0, "pid": 7 + i, "hostname": "a", "device": i} for i in range(8)]
    result = {"size": 1048576, "count": 262144, "type": "float", "redop": "sum", "root": "-1"}
    return json.dumps(
        {
            "version": 2,
            "args": ["all_reduce_perf", "-g", "1"],
            "nccl_version": 22907,
            "config": {"nthreads": 1, "ngpus": 1, "devices": device},
            "results": [result | {"out_of_place": body, "in_place": body}],
        }
    )


_MEASURED = """system,run,nodes,per_node,collective,algorithm,called,size_bytes,time_us,busbw_GBps,source
mine,a,2,4,all-reduce,ring,NCCL,1048576,75.5,,me
mine,a,2,4,all-gather,ring,,4194304,,13.98,me
"""
_HOSTS = "MPI_Rank,allocation\n0,n1.site\n   1,n2.site\n"
_RECORDS = """numCycle,collective,nodes,ranks,gpusPerRank,size,type,redop,inplace,time,algbw,busbw,#wrong
0,AllReduce,1,2,1,1048576,float,sum,0,75.00,13.98,13.98,0
0,AllReduce,1,2,1,4194304,float,sum,1,300.0,13.98,13.98,0
"""
_JSON_RECORDS = """[{"numCycle": 0, "name": "AllReduce", "nodes": 1, "ranks": 2, "size": 1048576,
"redop": "sum", "inPlace": 0, "time": 75.00, "algBw": 13.98, "busBw": 13.98, "wrong": 0}]
"""
_LOG = """# nccl-tests version 2.17.6 nccl-headers=22809 nccl-library=22809
# Collective test starting: all_reduce_perf
# Using devices
#  Rank  0 Group  0 Pid   4100 on    gpu-000 device  0 [0000:1a:00] example
#  Rank  1 Group  0 Pid   4101 on    gpu-001 device  0 [0000:1a:00] example
#
#                                                              out-of-place                       in-place
#       size         count      type   redop    root     time   algbw   busbw #wrong     time   algbw   busbw #wrong
#        (B)    (elements)                               (us)  (GB/s)  (GB/s)            (us)  (GB/s)  (GB/s)
     1048576        262144     float     sum      -1    75.00   13.98   13.98       0    75.00   13.98   13.98       0
     4194304       1048576     float     sum      -1    300.0   13.98   13.98       0    300.0   13.98   13.98       0
# Avg bus bandwidth    : 13.98
"""
_SCHEDULE = """[[fault]]
at = "2ms"
length = "500ms"
cable = "16,24"
[[fault]]
at = "3ms"
fail = "cables=2"
"""
_JOB = """topology = "fat-tree:k=4"
ranks = 8
model = "llama3-8b:layers=4"
groups = "tp=2,dp=rest"
compute = "step=2s"

[[step]]
name = "backward"
compute = "24ms"

[[step]]
collective = "reduce-scatter"
over = "dp"
size = "1.2GB"
buckets = 25
overlap = "backward"
after = ["backward"]
"""
_SWEEP = """title = "two scales"
where = ["ranks <= endpoints", "size >= 1MiB or algorithm != 'ring'"]
[base]
topology = "fat-tree:gpus_per_server=2"
[grid]
algorithm = ["ring", "tree:segment=1MiB"]
"topology.k" = [4, 8]
size = "8:16M:x4"
seed = "0..3"
[[zip]]
ranks = [8, 16]
placement = ["packed", "random"]
[[list]]
engine = "bound"
"""
_JOBS = """topology = "fat-tree:k=4"
routing = "adaptive"
[[job]]
name = "a"
ranks = 8
start = "1ms"
groups = "tp=2,dp=rest"
iterations = 2
jitter = "2%"
stragglers = 0.01
slowdown = 1.5
placement = "hostlist:n[0-7]"
step = [{compute = "2ms", name = "b"}, {collective = "all-reduce", over = "dp", size = "1MB", overlap = "b"}]
[[background]]
traffic = "incast"
load = "30%"
period = "5ms"
"""
_SPECS = (
    "fat-tree:k=8,gpus_per_server=4,rate=400Gbps", "preset:superpod-h100:su=2", "torus:dims=4/4/4,wrap=false",
    "dragonfly:p=2", "multi-plane:planes=8,endpoints=16,radix=8", "xgft:m=4/4,w=1/2", "random-regular:switches=20,radix=8,endpoints_per_switch=3",
)  # fmt: skip

READERS: dict[str, Reader] = {
    "node-link": Reader("g.json", _written(".json"), _graph),
    "GraphML": Reader("g.graphml", _written(".graphml"), _graph),
    "link CSV": Reader("g.csv", _written(".csv"), _graph),
    "ibnetdiscover": Reader("g.txt", _written(".ibnetdiscover"), _graph),
    "DOT": Reader("g.dot", _written(".dot"), _graph),
    "topology.txt": Reader("g.txt", _written(".txt"), _graph),
    "GEXF": Reader("g.gexf", _texts(_GEXF), lambda path: _graph(f"{path}:hosts=a*")),
    "GML": Reader("g.gml", _texts(_GML), lambda path: _graph(f"{path}:hosts_per_switch=2")),
    "neighbours": Reader("g.csv", _texts(_NEIGHBOURS), lambda path: _graph(f"{path}:hosts=a*,per=cable")),
    "InfraGraph": Reader("i.yaml", _input("clos.yaml"), _graph),
    "InfraGraph expanded": Reader("i.yaml", _input("expanded.yaml"), _graph),
    "GOAL": Reader("t.goal", _texts(_GOAL), read_trace),
    "Chakra": Reader("t.0.json", _texts(_CHAKRA), read_trace),
    "htsim": Reader("g.topo", _written_trees(".topo"), _graph),
    "NCCL topology": Reader("t.xml", _texts(_SERVER), lambda path: _graph(f"{path}:servers=2")),
    "Inspector": Reader("i.log", _texts(_INSPECTOR), read_nccl),
    "matrix": Reader("m.csv", _texts("0,1e6,2\n3,0,1\n1,1,0\n"), lambda path: read_traffic(path, 4)),
    "NumPy matrix": Reader("m.npy", _array, lambda path: read_traffic(path, 4)),
    "connections": Reader("c.cm", _texts(_CONNECTIONS), lambda path: read_traffic(path, 4)),
    "Slurm": Reader("g.conf", _written(".conf"), lambda path: _graph(f"{path}:gpus_per_server=2")),
    "Slurm YAML": Reader("g.yaml", _written(".yaml"), _graph),
    "static tables": Reader("t.csv", _tables, _routed),
    "iblinkinfo": Reader("g.txt", _texts(*_LINKINFO), _graph),
    "forwarding dumps": Reader("l.txt", _texts(_LFT), _dumped),
    "fault file": Reader("f.txt", _texts("# two\n16\n16,24\n"), lambda path: read_cables(TREE, path)),
    "schedule": Reader(
        "s.toml", _texts(_SCHEDULE), lambda path: read_schedule(path).outages(TREE, 1, allow_partition=True)
    ),
    "sweep": Reader("w.toml", _texts(_SWEEP), read_sweep),
    "scenario of jobs": Reader("j.toml", _texts(_JOBS), read_scenario),
    "job": Reader("h.toml", _texts(_JOB), lambda path: read_job(path, "train")),
    "profile": Reader(
        "p.toml",
        lambda folder: [profile_toml(latency_profile("ib-ndr"), {"r2": 0.9}).encode(), b'profile = "ideal"'],
        lambda path: latency_profile(path).spec,
    ),
    "prices": Reader(
        "b.toml", lambda folder: [sample_text().encode()], lambda path: bill(TREE, read_parts(path)).rows()
    ),
    "placement": Reader(
        "l.txt", _texts("0\n3\n7\n12\n", "# ranks\n1\n2\n"), lambda path: place(TREE, None, path)
    ),
    "traffic": Reader(
        "q.csv",
        _texts("src,dst,size_bytes,start_s\n0,9,1e9,0\n1,9,2e9,0.01\n"),
        lambda path: read_traffic(path, 16),
    ),
    "measured times": Reader("m.csv", _texts(_MEASURED), read_table),
    "hosts of runs": Reader("h.csv", _texts(_HOSTS), lambda path: read_places(Path(path).parent)),
    "rows CSV": Reader("r.csv", _row_file(".csv"), read_results),
    "rows JSON": Reader("r.json", _row_file(".json"), read_results),
    "rows JSONL": Reader("r.jsonl", _row_file(".jsonl"), read_results),
    "compared rows": Reader("c.jsonl", _row_file(".jsonl"), _compared),
    "sweep folder": Reader("d.jsonl", _row_file(".jsonl"), _folder),
    "log": Reader("n.log", _texts(_LOG), read_nccl),
    "records CSV": Reader("n.csv", _texts(_RECORDS), read_nccl),
    "records JSON": Reader("n.json", _texts(_JSON_RECORDS), read_nccl),
    "JSON log": Reader("n.json", lambda folder: [_json_log().encode()], read_nccl),
    "topology": Reader("x", _texts(*_SPECS), _text(lambda text: (canonical(text), parts_of(text)))),
    "algorithms": Reader(
        "x",
        _texts("tree:segment=1MiB,ring:channels=4", "hierarchical-ring:pipeline=8"),
        _text(parse_algorithms),
    ),
    "policy": Reader("x", _texts("ecmp:qps=4,salt=none", "valiant:paths=8", "dmodk"), _text(parse_policy)),
    "pattern": Reader("x", _texts("shift:3", "permutation"), _text(lambda text: pattern(text, 16, 1e6))),
    "faults": Reader(
        "x",
        _texts("cables=0.5%", "switches=tier2:3;cables=2"),
        _text(lambda text: parse_faults("fail", text)),
    ),
    "wear": Reader("x", _texts("hpn:link_mtbf=5y,flaps=5000/d"), _text(lambda text: parse_wear(text).spec)),
    "course": Reader(
        "x", _texts("1h", "1000", "2ms"), _text(lambda text: Course.of("none", "1s", text, "1ms"))
    ),
    "upgrade": Reader("x", _texts("leaf-spine=2;spine-core=1.5"), _text(parse_upgrades)),
    "packet settings": Reader("x", _texts("window:mtu=4096,buffer=1MiB"), _text(parse_packet_settings)),
    "condition": Reader(
        "x", _texts("ranks <= endpoints and size >= 1MiB or algorithm in ('ring', 'tree')"), _text(Condition)
    ),
    "settings": Reader(
        "x", _texts("algorithm=ring:channels=4,tree"), _text(lambda text: read_assignments([text]))
    ),
    "profile text": Reader("x", _texts("ib-ndr:switch_latency=300ns"), _text(latency_profile)),
    "sizes": Reader("x", _texts("8:16G:x4", "1K,2M", "8:64:+8"), _text(parse_sizes)),
    "rate": Reader("x", _texts("400Gbps", "50GB/s"), _text(parse_rate)),
    "time": Reader("x", _texts("300ns", "1.5 us"), _text(parse_time)),
}
if has_parquet():
    READERS["rows Parquet"] = Reader("r.parquet", _row_file(".parquet"), read_results)
