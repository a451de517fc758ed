"""A worker: ``python -m outerward.worker_process``, started by the supervisor alone."""

from outerward.child_process import run_child
from outerward.wiring import Edge

if __name__ == "__main__":
    run_child(lambda assignment, _: Edge(assignment.settings, assignment.edge_port))
