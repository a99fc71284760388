"""What an LLM is worth: a pilot asks about a few nodes and says what the whole budget would add."""

from skellagnn.worth._pilot import Band, Pilot, pilot

__all__ = ["Band", "Pilot", "pilot"]
