"""The errors that a caller may meet.

DiagnosticError
├── UsageError          what was asked for cannot be done as asked: unknown code, missing path
│   └── ConfigError     a configuration file is unreadable or holds a wrong key or value
├── DataError           material given to the engine cannot be used; names file and column
├── SourceError         a network source did not give what was asked
├── MissingExtraError   an optional dependency is not installed; names the command that adds it
└── ContractError       a check, reader or fault is declared wrongly

Every message is one line: what, where and what to do.
"""


class DiagnosticError(Exception):
    """Base of all errors that the toolkit raises on purpose."""


class UsageError(DiagnosticError):
    """What was asked for cannot be done as asked."""


class ConfigError(UsageError):
    """A configuration file is unreadable, or holds an unknown key or a wrong value."""


class DataError(DiagnosticError):
    """Material given to the engine cannot be used; the message names file and column."""


class SourceError(DiagnosticError):
    """A network source did not give what was asked."""


class MissingExtraError(DiagnosticError):
    """An optional dependency is not installed; the message names the command that adds it."""


class ContractError(DiagnosticError):
    """A check, reader or fault is declared wrongly."""
