"""Traces: what each rank of a program computes, sends and receives, and what waits for what."""

from sims.workload.trace.reader import read_trace
from sims.workload.trace.trace import CALC, KINDS, RECV, SEND, Trace

__all__ = ["CALC", "KINDS", "RECV", "SEND", "Trace", "read_trace"]
