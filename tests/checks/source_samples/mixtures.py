"""Windows, fills and statistics that mix later rows into earlier ones.

Each sample is a script as people write them; the leak stands in the marked line.
"""

LEAKS: dict[str, tuple[str, str]] = {
    "centered rolling": (
        "centred window",
        """
import pandas as pd
from lightgbm import LGBMRegressor
df = pd.read_csv("prices.csv")
df["ma"] = df["close"].rolling(21, center=True).mean()  # <- leak
df["target"] = df["close"].shift(-5) / df["close"] - 1
X = df[["ma", "volume"]]
y = df["target"]
split = int(len(df) * .8)
m = LGBMRegressor().fit(X[:split], y[:split])
""",
    ),
    "centred rolling of polars": (
        "centred window",
        """
import polars as pl
from lightgbm import LGBMRegressor
df = pl.read_parquet("prices.parquet").sort("ticker", "date")
df = df.with_columns(
    ma=pl.col("close").rolling_mean(21, center=True).over("ticker"),  # <- leak
    sd=pl.col("close").rolling_std(21).over("ticker"),
    target=(pl.col("close").shift(-5) / pl.col("close") - 1).over("ticker"),
)
X = df.select("ma", "sd").to_numpy()
y = df["target"].to_numpy()
m = LGBMRegressor().fit(X[:900], y[:900])
""",
    ),
    "savgol": (
        "centred window",
        """
import yfinance as yf
from scipy.signal import savgol_filter
from sklearn.linear_model import Ridge
df = yf.download("SPY")
df["smooth"] = savgol_filter(df["Close"], 21, 3)  # <- leak
df["lag1"] = df["smooth"].shift(1)
df["label"] = df["Close"].pct_change().shift(-1)
df = df.dropna()
n = int(len(df) * .8)
train, test = df.iloc[:n], df.iloc[n:]
model = Ridge().fit(train[["smooth", "lag1"]], train["label"])
""",
    ),
    "features module centred": (
        "centred window",
        """
import pandas as pd
def add_features(df):
    df = df.copy()
    df["sma_20"] = df["close"].rolling(20).mean()
    df["trend_smooth"] = df["close"].rolling(20, center=True).mean()  # <- leak
    return df
""",
    ),
    "wavelet denoise": (
        "centred window",
        """
import pandas as pd, pywt, numpy as np
df = pd.read_csv("stock.csv", parse_dates=["Date"])
close = df["Close"].values
coeff = pywt.wavedec(close, "db4", mode="per")  # <- leak
coeff[1:] = (pywt.threshold(c, 0.5) for c in coeff[1:])
denoised = pywt.waverec(coeff, "db4", mode="per")
train = denoised[:1000]
test = denoised[1000:]
lookback = 30
df["r"] = df["Close"].shift(1)
""",
    ),
    "bfill": (
        "backward fill",
        """
import pandas as pd
from xgboost import XGBRegressor
df = pd.read_csv("prices.csv", parse_dates=["date"])
macro = pd.read_csv("macro.csv")
df = df.merge(macro, on="date", how="left")
df = df.fillna(method="bfill")  # <- leak
df["ma"] = df["close"].rolling(5).mean()
df["target"] = df["close"].shift(-1)
X = df[["ma", "gdp"]]
y = df["target"]
cut = int(len(df) * .8)
XGBRegressor().fit(X[:cut], y[:cut])
""",
    ),
    "interpolate": (
        "backward fill",
        """
import pandas as pd
from sklearn.linear_model import Ridge
df = pd.read_csv("prices.csv", index_col="date", parse_dates=True)
df["pe"] = df["pe"].interpolate()  # <- leak
df["ret"] = df["close"].pct_change()
y = df["ret"].shift(-1)
X = df[["pe", "ret"]]
train_X, test_X = X.loc[:"2019"], X.loc["2020":]
train_y, test_y = y.loc[:"2019"], y.loc["2020":]
Ridge().fit(train_X, train_y)
""",
    ),
    "zscore global": (
        "full-period statistic",
        """
import pandas as pd
from xgboost import XGBRegressor
df = pd.read_csv("prices.csv")
df["ret"] = df["close"].pct_change()
feats = df[["ret", "volume"]]
feats = (feats - feats.mean()) / feats.std()  # <- leak
y = df["ret"].shift(-1)
n = int(len(df) * 0.7)
X_train, X_test = feats[:n], feats[n:]
XGBRegressor().fit(X_train, y[:n])
""",
    ),
    "minmax by hand": (
        "full-period statistic",
        """
import numpy as np, pandas as pd
from keras.layers import LSTM
df = pd.read_csv("close.csv", parse_dates=["Date"])
data = df["Close"].values
data = (data - np.min(data)) / (np.max(data) - np.min(data))  # <- leak
train = data[:2000]
test = data[2000:]
window_size = 20
""",
    ),
    "rank pct": (
        "full-period statistic",
        """
import pandas as pd
from xgboost import XGBRegressor
df = pd.read_csv("prices.csv")
df["vol"] = df["close"].pct_change().rolling(20).std()
df["vol_rank"] = df["vol"].rank(pct=True)  # <- leak
df["target"] = df["close"].shift(-5) / df["close"] - 1
df = df.dropna()
train, test = df[df.date < "2020-01-01"], df[df.date >= "2020-01-01"]
XGBRegressor().fit(train[["vol", "vol_rank"]], train["target"])
""",
    ),
    "qcut": (
        "full-period statistic",
        """
import pandas as pd
def features(df):
    df["vol"] = df["close"].pct_change().rolling(20).std()
    df["vol_bucket"] = pd.qcut(df["vol"], 5, labels=False)  # <- leak
    return df
def run(df):
    df = features(df)
    train, test = df[:1000], df[1000:]
    return train, test
""",
    ),
    "group zscore": (
        "full-period statistic",
        """
import pandas as pd
from lightgbm import LGBMRegressor
df = pd.read_parquet("panel.parquet")
df["mom"] = df.groupby("ticker")["close"].pct_change(20)
df["mom_z"] = df.groupby("ticker")["mom"].transform(lambda x: (x - x.mean()) / x.std())  # <- leak
df["fwd"] = df.groupby("ticker")["close"].pct_change(5).shift(-5)
train = df[df["date"] < "2018"]
test = df[df["date"] >= "2018"]
LGBMRegressor().fit(train[["mom_z"]], train["fwd"])
""",
    ),
    "extremes handed on as features": (
        "centred window",
        """
import pandas as pd
class Patterns:
    def add(self, df):
        df["range"] = df["high"].rolling(5).max() - df["low"].rolling(5).min()
        df["local_top"] = df["close"] == df["close"].rolling(5, center=True).max()  # <- leak
        return df
""",
    ),
    "indicators filled from behind": (
        "backward fill",
        """
import ta
def add_indicators(df):
    df["sma"] = ta.trend.sma_indicator(df["close"], window=20)
    df["lag"] = df["close"].shift(1)
    df.fillna(method="bfill", inplace=True)  # <- leak
    return df
""",
    ),
}
