"""The user's side of a trial: loads a feature function and calls it on tables, on request.

Stand-alone: started by its path under the user's interpreter (Python 3.8 or later, with pandas or
polars), it imports nothing of the project around it, and goes by a name of its own there. Requests
are lines of JSON on standard input, answers are lines of JSON on what was standard output; the
function sees neither.
"""
