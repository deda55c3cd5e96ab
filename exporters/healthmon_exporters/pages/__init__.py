"""The agent's pages for people at a desk: fault log, devices, one device. Made on the server; they
can be read without a script.
"""
