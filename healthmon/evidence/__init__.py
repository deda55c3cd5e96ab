"""Evidence: the figures that a council publishes and answers with, counted from the record. `reading`
reads the store; everything else is pure.
"""
