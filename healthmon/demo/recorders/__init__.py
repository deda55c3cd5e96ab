"""Simulated recorders: one HTTP engine, and for each make a file of replies as its documents show
them.
"""
