"""The admin API: ``python -m outerward.admin_process``, started by the supervisor alone."""

from outerward.child_process import run_child
from outerward.wiring import Admin

if __name__ == "__main__":
    run_child(lambda assignment, edge_status: Admin(assignment.settings, edge_status))
