"""The commands of `python -m sightscan.warehouse`, one module each.

A module gives NAME and HELP, `add_arguments(parser)`, and `run(arguments)`, which does the work
and returns what to print.
"""
