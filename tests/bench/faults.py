"""What 1% of cut cables costs an all-reduce on 101,306 endpoints in wall time: with them over without.

Both commands take turns and the median ratio is taken; each answer is asserted. Exit status 1 where a ratio
is over its target.
"""

import sys
import tempfile
from statistics import median

from bench import ENDPOINTS, FABRICSIM, K, run

TARGET, ROUNDS = 1.5, 5
ALGORITHMS = ("ring", "halving-doubling")
TRUNK = 2 * (K // 2) ** 2 * K  # cables between switches, which may fail without cutting off an endpoint
CUT = f"{round(TRUNK / 100):,} of {TRUNK + ENDPOINTS:,} cables failed"


def microseconds(output: str) -> float:
    return float(next(line for line in output.splitlines() if line.split()[:1] == [str(2**30)]).split()[5])


def main() -> None:
    over = []
    print(f"{'1% of cables cut, 1 GiB':<28} {'without':>8} {'with':>8} {'ratio':>7} {'target':>7}")
    for algorithm in ALGORITHMS:
        command = [*FABRICSIM, "allreduce", f"fat-tree:k={K}", "--algorithm", algorithm, "--size", "1GiB"]
        pairs = []
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(ROUNDS):
                plain, _, healthy = run(command, folder)
                cut, _, wounded = run([*command, "--fail", "cables=1%"], folder)
                # No path is lost, and bytes need at least what the endpoints' links take.
                least = 2 * (1 - 1 / ENDPOINTS) * 2**30 / 50e9 * 1e6
                assert CUT in wounded and CUT not in healthy
                assert microseconds(wounded) > least and microseconds(healthy) > least
                pairs.append((plain, cut))
        ratio = median(cut / plain for plain, cut in pairs)
        over += [algorithm] * (ratio > TARGET)
        walls = [median(column) for column in zip(*pairs)]
        print(f"{algorithm:<28} {walls[0]:>6.2f} s {walls[1]:>6.2f} s {ratio:>6.2f}x {TARGET:>6}x")
    if over:
        sys.exit("over target: " + ", ".join(over))


if __name__ == "__main__":
    main()
