"""What an import can be told about a file. The command has no use for more of `models.imports`, which costs time."""

ORDERS = ("dmy", "mdy", "ymd")  # of a date's parts
DECIMALS = ("point", "comma")  # the sign before decimals
REPEATED = ("refuse", "last", "first")  # whose values count where rows contradict
SPLITS = ("last-blank", "first-blank", "family-first", "whole")  # of whole names into the first and the last
