"""Healthy scripts that look like leaking ones."""

HEALTHY: dict[str, str] = {
    "pipeline in tscv": """
import pandas as pd
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.decomposition import PCA
from sklearn.model_selection import TimeSeriesSplit, GridSearchCV, cross_val_score
from sklearn.linear_model import Ridge
df = pd.read_csv("prices.csv")
df["mom"] = df["close"].pct_change(20)
df["vol"] = df["close"].pct_change().rolling(20).std()
df["target"] = df["close"].shift(-5) / df["close"] - 1
df = df.dropna()
X, y = df[["mom", "vol"]], df["target"]
pipe = Pipeline([("scale", StandardScaler()), ("pca", PCA(2)), ("model", Ridge())])
scores = cross_val_score(pipe, X, y, cv=TimeSeriesSplit(5))
folds = TimeSeriesSplit(n_splits=5)
gs = GridSearchCV(make_pipeline(StandardScaler(), Ridge()), {"ridge__alpha": [1]}, cv=folds)
gs.fit(X, y)
final = pipe.fit(X, y)
""",
    "scaler on train": """
import numpy as np, pandas as pd
from sklearn.preprocessing import MinMaxScaler
from keras.layers import LSTM
df = pd.read_csv("AAPL.csv", parse_dates=["Date"])
data = df[["Close"]].values
n = int(len(data) * .8)
train, test = data[:n], data[n:]
scaler = MinMaxScaler()
train_scaled = scaler.fit_transform(train)
test_scaled = scaler.transform(test)
def windows(a, lookback=60):
    X, y = [], []
    for i in range(lookback, len(a)):
        X.append(a[i-lookback:i, 0]); y.append(a[i, 0])
    return np.array(X), np.array(y)
X_train, y_train = windows(train_scaled)
X_test, y_test = windows(test_scaled)
""",
    "fit on slice": """
import pandas as pd
from sklearn.preprocessing import StandardScaler
df = pd.read_csv("prices.csv", index_col="date", parse_dates=True)
df["ret"] = df["close"].pct_change()
split = int(len(df) * 0.8)
scaler = StandardScaler().fit(df[["ret"]][:split])
scaled = scaler.transform(df[["ret"]])
train, test = scaled[:split], scaled[split:]
""",
    "fit on loc date": """
import pandas as pd
from sklearn.preprocessing import StandardScaler
df = pd.read_csv("prices.csv", index_col="date", parse_dates=True)
df["ret"] = df["close"].pct_change()
scaler = StandardScaler()
scaler.fit(df.loc[:"2018-12-31", ["ret"]])
df[["ret"]] = scaler.transform(df[["ret"]])
train, test = df.loc[:"2018-12-31"], df.loc["2019-01-01":]
""",
    "superdatascience": """
import numpy as np, pandas as pd
from sklearn.preprocessing import MinMaxScaler
from keras.layers import LSTM
dataset_train = pd.read_csv('Google_Stock_Price_Train.csv')
training_set = dataset_train.iloc[:, 1:2].values
sc = MinMaxScaler(feature_range = (0, 1))
training_set_scaled = sc.fit_transform(training_set)
X_train, y_train = [], []
for i in range(60, 1258):
    X_train.append(training_set_scaled[i-60:i, 0])
    y_train.append(training_set_scaled[i, 0])
X_train, y_train = np.array(X_train), np.array(y_train)
regressor.fit(X_train, y_train, epochs = 100, batch_size = 32)
dataset_test = pd.read_csv('Google_Stock_Price_Test.csv')
real_stock_price = dataset_test.iloc[:, 1:2].values
dataset_total = pd.concat((dataset_train['Open'], dataset_test['Open']), axis = 0)
inputs = dataset_total[len(dataset_total) - len(dataset_test) - 60:].values
inputs = inputs.reshape(-1,1)
inputs = sc.transform(inputs)
X_test = []
for i in range(60, 80):
    X_test.append(inputs[i-60:i, 0])
X_test = np.array(X_test)
predicted_stock_price = regressor.predict(X_test)
""",
    "fold loop": """
import pandas as pd
from sklearn.preprocessing import StandardScaler
from sklearn.impute import SimpleImputer
from sklearn.feature_selection import SelectKBest
from sklearn.model_selection import TimeSeriesSplit
from xgboost import XGBRegressor
df = pd.read_parquet("features.parquet")
df["ret"] = df["close"].pct_change()
feature_cols = [c for c in df.columns if not c.startswith("target") and c not in ("date", "ticker")]
df["target_5"] = df["close"].shift(-5) / df["close"] - 1
X, y = df[feature_cols], df["target_5"]
tscv = TimeSeriesSplit(n_splits=5, gap=5)
for fold, (train_idx, val_idx) in enumerate(tscv.split(X)):
    X_tr, X_va = X.iloc[train_idx], X.iloc[val_idx]
    imputer = SimpleImputer().fit(X_tr)
    scaler = StandardScaler()
    X_tr = scaler.fit_transform(imputer.transform(X_tr))
    X_va = scaler.transform(imputer.transform(X_va))
    sel = SelectKBest(k=10).fit(X_tr, y.iloc[train_idx])
    m = XGBRegressor().fit(sel.transform(X_tr), y.iloc[train_idx])
scaler = StandardScaler()
X_all = scaler.fit_transform(X)
final = XGBRegressor().fit(X_all, y)
final.save_model("m.json")
""",
    "split shuffle false": """
import pandas as pd
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
df = pd.read_csv("AAPL.csv")
df["SMA"] = df["Close"].rolling(10).mean()
df["Target"] = (df["Close"].shift(-1) > df["Close"]).astype(int)
df = df.dropna()
X = df.drop(["Target", "Date"], axis=1)
y = df["Target"]
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=.2, shuffle=False)
s = StandardScaler()
X_train = s.fit_transform(X_train)
X_test = s.transform(X_test)
""",
    "labels": """
import numpy as np, pandas as pd
from lightgbm import LGBMClassifier
def build(df):
    df = df.sort_values(["ticker", "date"])
    g = df.groupby("ticker")["close"]
    for w in (5, 20, 60):
        df[f"ret_{w}"] = g.pct_change(w)
        df[f"ma_{w}"] = g.transform(lambda s: s.rolling(w).mean())
    for h in (1, 5, 20):
        df[f"target_{h}"] = g.shift(-h) / df["close"] - 1
        df[f"label_{h}"] = (df[f"target_{h}"] > 0).astype(int)
    return df
df = build(pd.read_parquet("prices.parquet"))
drop = ["ticker", "date"] + [f"target_{h}" for h in (1, 5, 20)] + [f"label_{h}" for h in (1, 5, 20)]
features = [c for c in df.columns if c not in drop]
cut = df["date"].quantile(.8)
train, test = df[df.date < cut], df[df.date >= cut]
m = LGBMClassifier().fit(train[features], train["label_5"])
p = m.predict_proba(test[features])
""",
    "pop and drop": """
import pandas as pd
from sklearn.linear_model import LogisticRegression
df = pd.read_csv("stock.csv")
df["ret"] = df["Close"].pct_change()
df["Tomorrow"] = df["Close"].shift(-1)
df["Target"] = (df["Tomorrow"] > df["Close"]).astype(int)
del df["Tomorrow"]
y = df.pop("Target")
LogisticRegression().fit(df[:800], y[:800])
""",
    "iloc label last": """
import pandas as pd
from sklearn.svm import SVR
df = pd.read_csv("stock.csv")
df["ma"] = df["Close"].rolling(5).mean()
df["Prediction"] = df["Close"].shift(-30)
X = df.iloc[:-30, :-1].values
y = df.iloc[:-30, -1].values
split = int(.8 * len(X))
SVR().fit(X[:split], y[:split])
""",
    "cross sectional": """
import pandas as pd
from lightgbm import LGBMRegressor
df = pd.read_parquet("panel.parquet")
df["mom"] = df.groupby("ticker")["close"].pct_change(20)
df["rank"] = df.groupby("date")["mom"].rank(pct=True)
df["z"] = df.groupby("date")["mom"].transform(lambda x: (x - x.mean()) / x.std())
df["roll_z"] = (df["mom"] - df["mom"].rolling(60).mean()) / df["mom"].rolling(60).std()
df["exp_z"] = (df["mom"] - df["mom"].expanding().mean()) / df["mom"].expanding().std()
df["fwd"] = df.groupby("ticker")["close"].shift(-5) / df["close"] - 1
df = df.ffill()
train = df[df["date"] < "2018"]
test = df[df["date"] >= "2018"]
LGBMRegressor().fit(train[["rank", "z", "roll_z", "exp_z"]], train["fwd"])
""",
    "wide demean": """
import pandas as pd
prices = pd.read_parquet("close.parquet")
ret = prices.pct_change()
signal = ret.rolling(20).mean()
signal = signal.sub(signal.mean(axis=1), axis=0).div(signal.std(axis=1), axis=0)
rank = signal.rank(axis=1, pct=True)
pnl = (rank.shift(1) * ret).sum(axis=1)
sharpe = pnl.mean() / pnl.std() * 252 ** .5
drawdown = (pnl.cumsum() - pnl.cumsum().cummax()).min()
""",
    "dataloader": """
import torch, pandas as pd
from torch.utils.data import DataLoader, TensorDataset
df = pd.read_csv("close.csv", parse_dates=["Date"])
close = torch.tensor(df["Close"].values)
n = int(len(close) * .8)
mean, std = close[:n].mean(), close[:n].std()
scaled = (close - mean) / std
seq_len = 30
X = torch.stack([scaled[i:i+seq_len] for i in range(len(scaled)-seq_len)])
y = scaled[seq_len:]
train_ds, test_ds = TensorDataset(X[:n], y[:n]), TensorDataset(X[n:], y[n:])
loader = DataLoader(train_ds, batch_size=64, shuffle=True)
""",
    "eda decomposition": """
import yfinance as yf, matplotlib.pyplot as plt
from statsmodels.tsa.seasonal import seasonal_decompose
df = yf.download("AAPL")
df["ma"] = df["Close"].rolling(20).mean()
result = seasonal_decompose(df["Close"], period=252)
result.plot(); plt.show()
corr = df.corr()
import seaborn as sns
sns.heatmap(corr)
print(df["Close"].max() / df["Close"].min())
trend = df["Close"].rolling(50, center=True).mean()
plt.plot(trend)
""",
    "arima": """
import pandas as pd
from statsmodels.tsa.arima.model import ARIMA
df = pd.read_csv("stock.csv", index_col="Date", parse_dates=True)
train, test = df["Close"][:-30], df["Close"][-30:]
history = list(train)
preds = []
for t in range(len(test)):
    m = ARIMA(history, order=(5,1,0)).fit()
    preds.append(m.forecast()[0])
    history.append(test.iloc[t])
""",
    "weights everywhere": """
import numpy as np, pandas as pd
from sklearn.model_selection import TimeSeriesSplit
from xgboost import XGBClassifier
df = pd.read_parquet("features.parquet")
df["ret"] = df["close"].pct_change()
X, y = df[["ret"]], (df["ret"].shift(-1) > 0).astype(int)
w = np.exp(-np.arange(len(df))[::-1] / 250)
for tr, va in TimeSeriesSplit(5).split(X):
    XGBClassifier().fit(X.iloc[tr], y.iloc[tr], sample_weight=w[tr])
final = XGBClassifier()
final.fit(X, y, sample_weight=w)
""",
    "supervised frame of lags and leads": """
import pandas as pd
from sklearn.preprocessing import MinMaxScaler
from keras.layers import LSTM
def supervised(values, lags, leads):
    frame = pd.DataFrame(values)
    columns = []
    for lag in range(lags, 0, -1):
        columns.append(frame.shift(lag))
    for lead in range(leads):
        columns.append(frame.shift(-lead))
    return pd.concat(columns, axis=1).dropna()
prices = pd.read_csv("prices.csv", index_col=0, parse_dates=True)
values = supervised(prices[["close"]].values, 10, 1).values
cut = int(len(values) * 0.8)
train, test = values[:cut], values[cut:]
scaler = MinMaxScaler().fit(train)
train, test = scaler.transform(train), scaler.transform(test)
model.fit(train[:, :-1], train[:, -1])
""",
    "one loader for two files": """
import pandas as pd
from sklearn.preprocessing import StandardScaler
def load(file):
    frame = pd.read_csv(file, parse_dates=["date"])
    frame["return"] = frame["close"].pct_change()
    return frame.dropna()
train = load("2010_2018.csv")
test = load("2019_2024.csv")
scaler = StandardScaler().fit(train[["return"]])
train_rows, test_rows = scaler.transform(train[["return"]]), scaler.transform(test[["return"]])
""",
}
