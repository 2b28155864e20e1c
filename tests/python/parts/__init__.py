"""The real parts of the tests; see tests/parts."""
