"""The public names of :mod:`skellagnn.enhancers`."""

from skellagnn.llm.enhancers import *  # noqa: F403
from skellagnn.llm.enhancers import __all__ as __all__
