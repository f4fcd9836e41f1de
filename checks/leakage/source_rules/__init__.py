"""Reading source code for the future that reaches features: an abstract run over its syntax.

Values stand for tables and arrays; marks on them say at which line the future came in. Nothing
is executed.
"""
