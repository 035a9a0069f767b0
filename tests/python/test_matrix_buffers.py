"""What the matrix library works in, where the system limits private memory (ulimit -d)."""

import os
import subprocess
import sys

# 12 processes, forked while their parent's buffers are mapped, multiply at the same time: buffers
# that they shared would mix their factors.
PROGRAM = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_DATA, (1 << 31, resource.RLIM_INFINITY))
from emberharmony import ops

ops.set_num_threads(1)
factors = [ops.reshape(ops.arange(float(k), 160000.0 + k), (400, 400)) for k in range(13)]

def products(k):
    return {(factors[k] @ factors[k].T).tobytes() for _ in range(40)}

expected = [products(k) for k in range(13)]
assert all(len(one) == 1 for one in expected)
children = []
for k in range(1, 13):
    child = os.fork()
    if child == 0:
        os._exit(0 if products(k) == expected[k] else 1)
    children.append(child)
assert products(0) == expected[0]
sys.exit(sum(os.waitpid(child, 0)[1] != 0 for child in children))
"""


def test_forked_processes_have_buffers_of_their_own():
    process = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=os.environ,
    )
    assert process.returncode == 0, process.stderr
