"""Somebody is told what is wrong, once: what is looked for, by which channels, in which words."""
