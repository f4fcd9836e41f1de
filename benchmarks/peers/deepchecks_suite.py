"""The data integrity suite of deepchecks: python deepchecks_suite.py FILE."""

import sys
import time

import pandas as pd
from deepchecks.tabular import Dataset
from deepchecks.tabular.suites import data_integrity

table = pd.read_parquet(sys.argv[1])
begun = time.perf_counter()
data_integrity().run(Dataset(table, index_name="ticker", datetime_name="date", cat_features=[]))
print(time.perf_counter() - begun)
