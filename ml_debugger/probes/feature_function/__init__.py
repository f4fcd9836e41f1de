"""Recomputing a user's feature function with the future cut off or altered.

Nothing here is used but on the explicit command of a person: it runs the person's own code.
"""
