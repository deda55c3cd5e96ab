"""UPSes: one declarative table for each family of MIBs, the words of NUT and of apcupsd, and the
small evaluator that turns what was reported into `Ups`.
"""
