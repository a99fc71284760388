"""Asks a server through a store that is slow to commit, and is interrupted on the way.

Run by test_interrupts.py: ``python interrupted.py URL STORE N_QUESTIONS``; exits with 130 after Ctrl-C.
"""

from __future__ import annotations

import signal
import sys
import time

import numpy as np

from skellagnn import OpenAIEnhancer, Prompt, ResponseStore
from skellagnn.llm.asking import QuestionTable, enhance
from skellagnn.prompts import Question

SHOUT = Prompt("shout", "Shout: {text}")


def questions(count):
    return [Question(SHOUT, {"text": f"text {number}"}) for number in range(count)]


class SlowStore(ResponseStore):
    def put_many(self, *args, **kwargs):
        time.sleep(0.02)
        n_new = super().put_many(*args, **kwargs)
        time.sleep(0.02)  # in the store already, and nobody has been told
        return n_new


def main(url, path, count):
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in what is started in the background
    enhancer = OpenAIEnhancer("m", base_url=url, api_key_env=None, max_concurrency=4)
    table = QuestionTable(questions(int(count)), np.empty((0, 0), dtype=np.int64))
    try:
        enhance(enhancer, table, store=SlowStore(path))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main(*sys.argv[1:])
