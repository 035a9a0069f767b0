"""A notebook as plain scripts: run_simulation.py runs its cells from the command line."""
