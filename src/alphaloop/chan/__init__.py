"""Chan analysis for people who write Python: bars in, tables out, without a server, a database or a login.

from alphaloop import chan
result = chan.analyse("bars.csv")
print(result.strokes)
"""

from alphaloop.chan.result import ChanResult, analyse
from alphaloop.kernels.chan import ChanConfig, ChanInputError
from alphaloop.kernels.chan.explain import in_words

__all__ = ["ChanConfig", "ChanInputError", "ChanResult", "analyse", "in_words"]
