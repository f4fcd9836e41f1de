"""Tables in every format they come in, classified by what they hold."""

from ml_debugger.readers.tables import arrow, delimited, parquet
from ml_debugger.readers.tables.dataset import is_dataset, read_dataset

READERS = (parquet.READER, arrow.READER, delimited.READER)
"""The readers of this folder; the one of delimited text is general and comes last."""

__all__ = ["READERS", "is_dataset", "read_dataset"]
