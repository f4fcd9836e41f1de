"""Healthy code around markets, and code that is not about series at all."""

HEALTHY: dict[str, str] = {
    "weekly shifted": """
import pandas as pd
from lightgbm import LGBMRegressor
df = pd.read_csv("daily.csv", index_col="date", parse_dates=True)
weekly = df["close"].resample("W-FRI").last().shift(1)
df["week_close"] = weekly.reindex(df.index, method="ffill")
hourly = df["close"].resample("1h").last().shift(1)
df["hour_close"] = hourly.reindex(df.index, method="ffill")
df["y"] = df["close"].shift(-1) / df["close"] - 1
X = df[["week_close", "hour_close"]]
LGBMRegressor().fit(X[:900], df["y"][:900])
""",
    "asof backward": """
import pandas as pd
prices = pd.read_csv("prices.csv", parse_dates=["date"])
earnings = pd.read_csv("earnings.csv", parse_dates=["date"])
df = pd.merge_asof(prices, earnings, on="date", direction="backward")
df["ret"] = df["close"].pct_change()
news = pd.merge_asof(earnings, prices, on="date", direction="forward")
""",
    "backtest pnl": """
import numpy as np, pandas as pd
df = pd.read_csv("ohlc.csv", index_col=0, parse_dates=True)
df["fast"] = df["close"].rolling(10).mean()
df["slow"] = df["close"].rolling(50).mean()
df["position"] = np.where(df["fast"] > df["slow"], 1, -1)
df["next_ret"] = df["close"].pct_change().shift(-1)
df["strategy"] = df["position"] * df["next_ret"]
equity = (1 + df["strategy"]).cumprod()
dd = equity / equity.cummax() - 1
norm = df["close"] / df["close"].iloc[0]
""",
    "qlib label": """
import qlib
LABEL = ["Ref($close, -2)/Ref($close, -1) - 1"]
label, feature = ["Ref($close, -6)/Ref($close, -1) - 1"], ["$close/Ref($close,5)"]
config = {"handler": {"kwargs": {"label": label, "feature": feature}}}
class H:
    def get_label_config(self):
        return ["Ref($close, -2)/Ref($close, -1) - 1"], ["LABEL0"]
""",
    "backtrader sma": """
import backtrader as bt
class S(bt.Strategy):
    params = (("fast", 10),)
    def __init__(self):
        self.dataclose = self.datas[0].close
        self.other = self.datas[1].close
        self.sma = bt.ind.SMA(period=self.p.fast)
    def next(self):
        if self.dataclose[0] > self.sma[0] and self.dataclose[-1] < self.sma[-1]:
            self.buy()
""",
    "freqai targets": """
from freqtrade.strategy import IStrategy
class S(IStrategy):
    def set_freqai_targets(self, dataframe, metadata, **kwargs):
        later = dataframe["close"].shift(-24).rolling(24).mean()
        dataframe["&-s_close"] = later / dataframe["close"] - 1
        return dataframe
    def populate_indicators(self, dataframe, metadata):
        dataframe["sma"] = dataframe["close"].rolling(10).mean()
        return dataframe
""",
    "newest first": """
import pandas as pd
from sklearn.linear_model import Ridge
df = pd.read_csv("av.csv").sort_values("date", ascending=False)
df["prev_close"] = df["close"].shift(-1)
df["ma"] = df["close"].rolling(3).mean()
df = df.sort_values("date")
df["target"] = df["close"].shift(-1)
Ridge().fit(df[["prev_close"]], df["target"])
""",
    "walk forward": """
import pandas as pd
from sklearn.preprocessing import StandardScaler
from sklearn.linear_model import LogisticRegression
df = pd.read_csv("spy.csv", parse_dates=["date"])
df["r"] = df["close"].pct_change()
df["y"] = (df["r"].shift(-1) > 0).astype(int)
df = df.dropna().reset_index(drop=True)
window, step = 500, 20
for start in range(0, len(df) - window - step, step):
    train = df.iloc[start:start + window]
    test = df.iloc[start + window:start + window + step]
    sc = StandardScaler().fit(train[["r"]])
    m = LogisticRegression().fit(sc.transform(train[["r"]]), train["y"])
    m.predict(sc.transform(test[["r"]]))
""",
    "window normalise": """
import numpy as np, pandas as pd
from keras.layers import LSTM
df = pd.read_csv("sp500.csv", parse_dates=["Date"])
close = df["Close"].values
seq_len = 50
windows = []
for i in range(len(close) - seq_len):
    w = close[i:i + seq_len]
    w = (w - w.mean()) / w.std()
    windows.append(w / w[0] - 1)
windows = np.array(windows)
row = int(len(windows) * .9)
train = windows[:row]
np.random.shuffle(train)
x_train, y_train = train[:, :-1], train[:, -1]
x_test = windows[row:, :-1]
""",
    "label quantile": """
import pandas as pd
from xgboost import XGBClassifier
df = pd.read_csv("prices.csv")
df["r"] = df["close"].pct_change()
df["fwd"] = df["r"].shift(-1)
df["y"] = pd.qcut(df["fwd"], 3, labels=False)
X, y = df[["r"]], df["y"]
n = int(.8 * len(X))
X_train, X_test, y_train, y_test = X[:n], X[n:], y[:n], y[n:]
XGBClassifier().fit(X_train, y_train)
""",
    "tickers split": """
import pandas as pd
from sklearn.model_selection import train_test_split
df = pd.read_parquet("panel.parquet")
df["r"] = df.groupby("ticker")["close"].pct_change()
tickers = df["ticker"].unique()
train_tickers, test_tickers = train_test_split(tickers, test_size=.2)
""",
    "deployment scaler": """
import joblib, pandas as pd
from sklearn.preprocessing import MinMaxScaler
from keras.layers import LSTM
df = pd.read_csv("close.csv", parse_dates=["Date"])
scaler = MinMaxScaler()
data = scaler.fit_transform(df[["Close"]])
joblib.dump(scaler, "scaler.pkl")
look_back = 60
last = data[-look_back:]
model = load_model("m.h5")
pred = scaler.inverse_transform(model.predict(last.reshape(1, look_back, 1)))
""",
    "iris": """
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split, cross_val_score
from sklearn.preprocessing import StandardScaler
X, y = load_iris(return_X_y=True)
X = StandardScaler().fit_transform(X)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
""",
    "titanic": """
import pandas as pd
from sklearn.model_selection import train_test_split, StratifiedKFold
df = pd.read_csv("titanic.csv")
df["Age"] = df["Age"].fillna(df["Age"].mean())
df["Fare"] = (df["Fare"] - df["Fare"].mean()) / df["Fare"].std()
X, y = df.drop("Survived", axis=1), df["Survived"]
X_train, X_test, y_train, y_test = train_test_split(X, y)
""",
    "house prices": """
import pandas as pd
from sklearn.preprocessing import StandardScaler
from sklearn.model_selection import train_test_split, KFold
df = pd.read_csv("house_prices.csv")
X, y = df.drop("SalePrice", axis=1), df["SalePrice"]
X = StandardScaler().fit_transform(X)
X_train, X_test, y_train, y_test = train_test_split(X, y)
KFold(5, shuffle=True)
""",
    "nlp lstm": """
import pandas as pd
from keras.layers import LSTM, Embedding
from keras.preprocessing.sequence import pad_sequences
from sklearn.model_selection import train_test_split
df = pd.read_csv("reviews.csv")
sequence_length = 100
X = pad_sequences(tokenizer.texts_to_sequences(df["review"]), maxlen=sequence_length)
X_train, X_test, y_train, y_test = train_test_split(X, df["sentiment"])
model.fit(X_train, y_train, validation_split=.1)
""",
    "filled from earlier rows, newest first": """
import pandas as pd
rates = pd.read_csv("fx.csv", parse_dates=["date"]).sort_values("date", ascending=False)
rates["close"] = rates["close"].bfill()
rates["change"] = rates["close"].diff(-1)
rates["feature"] = rates["change"].shift(-1)
""",
    "a report aligns its benchmark": """
import pandas as pd
import empyrical
def align(returns, benchmark):
    prices = (1 + benchmark).cumprod()
    benchmark = prices.reindex(returns.index, method="bfill").pct_change().fillna(0)
    equity = pd.Series(returns).bfill().fillna(1.0).values
    return benchmark, equity
""",
    "the user picks how gaps are filled": """
import pandas as pd
def clean(prices, method):
    prices["return"] = prices["close"].pct_change()
    if method == "bfill":
        prices = prices.bfill()
    elif method == "interpolate":
        prices = prices.interpolate()
    return prices
""",
    "figures of a backtest": """
import numpy as np
import pandas as pd
def report(equity, days=252):
    returns = equity["close"].resample("D").last().pct_change()
    figures = pd.Series(dtype=object)
    mean = np.exp(np.log1p(returns).mean()) - 1
    figures["Volatility"] = np.sqrt((returns.var() + (1 + mean) ** 2) ** days - (1 + mean) ** days)
    figures["Sharpe"] = returns.mean() / returns.std() * np.sqrt(days)
    return figures
""",
    "configuration decides on shuffling": """
from freqtrade.freqai.data_kitchen import FreqaiDataKitchen
from sklearn.model_selection import train_test_split
def split(frame, labels, config):
    frame["return"] = frame["close"].pct_change()
    return train_test_split(frame, labels, **config["data_split_parameters"])
""",
}
