"""Evaluation: (Observation, Device with its Limits) -> Verdicts with the operator's sentence; the first
verdict is the main aspect.

Pure; one file for each check.
"""
