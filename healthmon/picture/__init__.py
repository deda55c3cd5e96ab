"""The picture itself: decoded and measured by worker processes under limits.

`pool` and `baselines` belong to the agent and import neither PyAV nor numpy; `worker` is a process
of its own, and `decoding`, `measuring` and `reference` run there only.
"""
