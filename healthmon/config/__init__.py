"""Configuration: strict YAML -> typed models; every problem at once, each with file, line, device
and remedy. It imports nothing, so that what needs only the YAML brings no models.
"""
