"""healthmon: a camera health monitoring agent that replaces the manual function check of CCTV
control rooms.
"""

__version__ = "0.1.0"
