"""The reserved source of the self-test. Only `postledger selftest` sends as this source.

Operators cannot configure it, and no list, metric, alert or report counts its one conversion.
"""

SELFTEST = "postledger-selftest"
