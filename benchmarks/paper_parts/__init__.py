"""Parts of ``benchmarks/paper.py``: what is run, how, where it is kept, and how it is reported."""
