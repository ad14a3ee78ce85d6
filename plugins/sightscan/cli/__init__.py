"""The command `sightscan`: what an operator does by hand, over the public functions of the stages.

One module for each group of commands: it parses, calls, and prints. What only one command needs is
imported in that command, so that `--help` and completion are quick.
"""
