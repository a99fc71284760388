"""The public names of :mod:`skellagnn.prompts`."""

from skellagnn.llm.prompts import *  # noqa: F403
from skellagnn.llm.prompts import __all__ as __all__
