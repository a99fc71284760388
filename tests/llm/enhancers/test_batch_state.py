"""The file that remembers batch jobs; what jobs make of it: test_openai_batch.py."""

from __future__ import annotations

import threading
from contextlib import nullcontext

from skellagnn.llm.enhancers._batch_state import JSONFileState


def test_a_file_keeps_values_by_name(tmp_path):
    state = JSONFileState(tmp_path / "deep" / "state.json")
    assert state.get_state("a") is None
    state.update_state("a", lambda value: {"n": value})
    assert state.get_state("a") == {"n": None}
    state.update_state("b", lambda _: [2])
    state.update_state("a", lambda _: None)
    state.update_state("a", lambda _: None)
    assert (state.get_state("a"), JSONFileState(tmp_path / "deep" / "state.json").get_state("b")) == (None, [2])


def test_a_change_waits_for_that_of_another_process(tmp_path, monkeypatch):
    monkeypatch.setattr(JSONFileState, "_lock", nullcontext())  # what only threads of one process share
    state = JSONFileState(tmp_path / "state.json")
    inside, go_on = threading.Event(), threading.Event()

    def slowly(value):
        inside.set()
        assert go_on.wait(20)
        return [*(value or []), "slow"]

    first = threading.Thread(target=state.update_state, args=("a", slowly))
    second = threading.Thread(target=JSONFileState(state.path).update_state, args=("a", lambda value: [*value, "fast"]))
    first.start()
    assert inside.wait(20)
    second.start()
    second.join(0.1)
    assert second.is_alive()  # if nothing held it, it would be over by now
    go_on.set()
    first.join()
    second.join()
    assert state.get_state("a") == ["slow", "fast"]
