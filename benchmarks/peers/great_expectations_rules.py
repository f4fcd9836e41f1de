"""Rules of a price table in Great Expectations: python great_expectations_rules.py FILE."""

import sys
import time

import great_expectations as gx
import pandas as pd

table = pd.read_parquet(sys.argv[1])
context = gx.get_context(mode="ephemeral")
begun = time.perf_counter()
asset = context.data_sources.add_pandas("prices").add_dataframe_asset("bars")
batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": table})
expect = gx.expectations
prices = ("open", "high", "low", "close")
suite = gx.ExpectationSuite(
    name="prices",
    expectations=[
        *(expect.ExpectColumnValuesToNotBeNull(column=name) for name in table.columns),
        *(
            expect.ExpectColumnValuesToBeBetween(column=name, min_value=0, strict_min=True)
            for name in prices
        ),
        expect.ExpectColumnValuesToBeBetween(column="volume", min_value=0),
        expect.ExpectCompoundColumnsToBeUnique(column_list=["ticker", "date"]),
        *(
            expect.ExpectColumnPairValuesAToBeGreaterThanB(
                column_A=above, column_B=below, or_equal=True
            )
            for above, below in (
                ("high", "open"),
                ("high", "close"),
                ("open", "low"),
                ("close", "low"),
            )
        ),
    ],
)
batch.validate(suite)
print(time.perf_counter() - begun)
