"""Values of later rows in features, and labels among them.

Each sample is a script as people write them; the leak stands in the marked line.
"""

LEAKS: dict[str, tuple[str, str]] = {
    "negative shift feature": (
        "negative shift",
        """
import pandas as pd
from xgboost import XGBClassifier
df = pd.read_csv("prices.csv")
df["ret_1"] = df["close"].pct_change()
df["next_open_gap"] = df["open"].shift(-1) / df["close"] - 1  # <- leak
df["target"] = (df["close"].shift(-1) > df["close"]).astype(int)
features = ["ret_1", "next_open_gap"]
X = df[features]
y = df["target"]
n = int(len(X) * 0.8)
clf = XGBClassifier()
clf.fit(X[:n], y[:n])
""",
    ),
    "pct_change negative": (
        "negative shift",
        """
import pandas as pd
from sklearn.linear_model import LinearRegression
df = pd.read_csv("prices.csv")
df["mom"] = df["close"].pct_change(-5)  # <- leak
df["y"] = df["close"].pct_change().shift(-1)
LinearRegression().fit(df[["mom"]], df["y"])
""",
    ),
    "diff negative": (
        "negative shift",
        """
import pandas as pd
def make_features(df):
    df["momentum"] = df["close"].diff(periods=-1)  # <- leak
    df["rsi"] = df["close"].rolling(14).mean()
    return df
""",
    ),
    "np.roll": (
        "negative shift",
        """
import numpy as np, pandas as pd
from sklearn.linear_model import Ridge
df = pd.read_csv("prices.csv")
close = df["close"].values
df["ma"] = df["close"].rolling(5).mean()
f = np.roll(close, -1) / close - 1  # <- leak
X = np.column_stack([f, df["ma"]])
y = df["close"].pct_change().values
Ridge().fit(X[:800], y[:800])
""",
    ),
    "loop i+1": (
        "negative shift",
        """
import pandas as pd
df = pd.read_csv("ohlc.csv")
df["signal"] = 0
df["ma"] = df["close"].rolling(5).mean()
for i in range(len(df) - 1):
    df.loc[i, "signal"] = 1 if df["close"].iloc[i + 1] > df["close"].iloc[i] else 0  # <- leak
df["pnl"] = df["signal"] * df["close"].pct_change()
""",
    ),
    "polars shift": (
        "negative shift",
        """
import polars as pl
from xgboost import XGBRegressor
df = pl.read_parquet("bars.parquet")
df = df.with_columns([
    pl.col("close").rolling_mean(5).alias("ma5"),
    pl.col("volume").shift(-1).over("ticker").alias("vol_lead"),  # <- leak
    (pl.col("close").shift(-5) / pl.col("close") - 1).alias("target"),
])
X = df.select(["ma5", "vol_lead"]).to_numpy()
y = df["target"].to_numpy()
XGBRegressor().fit(X, y)
""",
    ),
    "target kept": (
        "target among features",
        """
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
df = pd.read_csv("AAPL.csv")
df["sma"] = df["Close"].rolling(10).mean()
df["target"] = (df["Close"].shift(-1) > df["Close"]).astype(int)
df = df.dropna()
X = df.drop(columns=["Date"])  # <- leak
y = df["target"]
n = int(len(df) * .8)
model = RandomForestClassifier().fit(X[:n], y[:n])
""",
    ),
    "second label kept": (
        "target among features",
        """
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
df = pd.read_csv("AAPL.csv")
df["sma"] = df["Close"].rolling(10).mean()
df["future_return"] = df["Close"].shift(-5) / df["Close"] - 1
df["target"] = (df["future_return"] > 0).astype(int)
df = df.dropna()
feature_cols = [c for c in df.columns if c != "target"]
X = df[feature_cols]  # <- leak
y = df["target"]
model = RandomForestClassifier().fit(X[:500], y[:500])
""",
    ),
    "intraday resample": (
        "period not yet closed",
        """
import pandas as pd
from lightgbm import LGBMClassifier
df = pd.read_csv("1min.csv", index_col="time", parse_dates=True)
hourly = df["close"].resample("1h").last()
df["hour_close"] = hourly.reindex(df.index, method="ffill")  # <- leak
df["y"] = (df["close"].shift(-1) > df["close"]).astype(int)
X = df[["hour_close", "volume"]]
LGBMClassifier().fit(X[:10000], df["y"][:10000])
""",
    ),
    "week map": (
        "period not yet closed",
        """
import pandas as pd
from lightgbm import LGBMClassifier
df = pd.read_csv("daily.csv", parse_dates=["date"])
df["week"] = df["date"].dt.to_period("W")
df["week_close"] = df.groupby("week")["close"].transform("last")  # <- leak
df["ret"] = df["close"].pct_change()
df["y"] = df["ret"].shift(-1) > 0
X = df[["week_close", "ret"]]
LGBMClassifier().fit(X[:1000], df["y"][:1000])
""",
    ),
    "merge_asof nearest": (
        "join with later rows",
        """
import pandas as pd
from lightgbm import LGBMRegressor
prices = pd.read_csv("prices.csv", parse_dates=["date"])
macro = pd.read_csv("macro.csv", parse_dates=["date"])
df = pd.merge_asof(prices, macro, on="date", direction="nearest")  # <- leak
df["target"] = df["close"].shift(-1) / df["close"] - 1
X = df[["cpi", "volume"]]
LGBMRegressor().fit(X[:900], df["target"][:900])
""",
    ),
    "qlib feature": (
        "negative shift",
        """
import qlib
from qlib.data.dataset.handler import DataHandlerLP
class Handler(DataHandlerLP):
    def get_feature_config(self):
        fields = ["$close/Ref($close, 5)-1", "Ref($close, -1)/$close-1"]  # <- leak
        return fields, ["MOM", "X"]
    def get_label_config(self):
        return ["Ref($close, -2)/Ref($close, -1) - 1"], ["LABEL0"]
""",
    ),
    "backtrader next bar": (
        "negative shift",
        """
import backtrader as bt
class S(bt.Strategy):
    def __init__(self):
        self.dataclose = self.datas[0].close
    def next(self):
        if self.dataclose[1] > self.dataclose[0]:  # <- leak
            self.buy()
""",
    ),
    "vectorbt entries": (
        "negative shift",
        """
import vectorbt as vbt
price = vbt.YFData.download("BTC-USD").get("Close")
ma = price.rolling(10).mean()
entries = price.shift(-1) > price  # <- leak
exits = price < ma
pf = vbt.Portfolio.from_signals(price, entries, exits)
""",
    ),
    "freqtrade": (
        "negative shift",
        """
from freqtrade.strategy import IStrategy
import talib.abstract as ta
class S(IStrategy):
    def populate_indicators(self, dataframe, metadata):
        dataframe["ema"] = ta.EMA(dataframe, timeperiod=10)
        dataframe["min"] = dataframe["close"].shift(-3)  # <- leak
        return dataframe
    def populate_entry_trend(self, dataframe, metadata):
        dataframe.loc[(dataframe["min"] > dataframe["close"]), "enter_long"] = 1
        return dataframe
""",
    ),
    "chikou": (
        "negative shift",
        """
import pandas as pd
def ichimoku(df):
    df["tenkan"] = (df["high"].rolling(9).max() + df["low"].rolling(9).min()) / 2
    df["chikou_span"] = df["close"].shift(-26)  # <- leak
    return df
""",
    ),
}
