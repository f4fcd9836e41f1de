"""Fits, choices and resampling on all rows before the split.

Each sample is a script as people write them; the leak stands in the marked line.
"""

LEAKS: dict[str, tuple[str, str]] = {
    "scaler fitted on the whole table after the cut": (
        "fit before split",
        """
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.preprocessing import MinMaxScaler
df = pd.read_csv("data.csv", parse_dates=["Date"]).sort_values("Date")
df["sma"] = df["Close"].rolling(20).mean()
df["label"] = df["Close"].shift(-1) / df["Close"] - 1
cols = ["sma", "Close"]
cut = int(len(df) * 0.8)
train, test = df.iloc[:cut], df.iloc[cut + 1:]
sc = MinMaxScaler()
sc.fit(df[cols])  # <- leak
model = Ridge().fit(sc.transform(train[cols]), train["label"])
print(model.score(sc.transform(test[cols]), test["label"]))
""",
    ),
    "support of a selector, rows cut at a share": (
        "selection before split",
        """
import pandas as pd
from sklearn.feature_selection import SelectKBest, mutual_info_regression
from sklearn.linear_model import Lasso
df = pd.read_parquet("features.parquet").sort_values("date")
y = df["fwd_ret_5"]
X = df.drop(columns=["ticker", "date", "fwd_ret_5"])
sel = SelectKBest(mutual_info_regression, k=20).fit(X, y)  # <- leak
X = X.loc[:, sel.get_support()]
n = int(len(X) * .8)
model = Lasso().fit(X[:n], y[:n])
print(model.score(X[n:], y[n:]))
""",
    ),
    "deviations of all rows, cut at a share": (
        "full-period statistic",
        """
import pandas as pd
from sklearn.svm import SVR
df = pd.read_csv("spy.csv", parse_dates=["Date"]).sort_values("Date")
y = (df["Close"].shift(-1) / df["Close"] - 1).to_numpy()
x = df[["Close", "Volume"]].to_numpy()
a = int(len(df) * .7)
x = (x - x.mean(0)) / x.std(0)  # <- leak
model = SVR().fit(x[:a], y[:a])
print(model.score(x[a:], y[a:]))
""",
    ),
    "keras lstm": (
        "fit before split",
        """
import numpy as np
import pandas as pd
from sklearn.preprocessing import MinMaxScaler
from keras.models import Sequential
from keras.layers import LSTM, Dense
df = pd.read_csv("AAPL.csv")
data = df.filter(["Close"])
dataset = data.values
training_data_len = int(np.ceil(len(dataset) * .8))
scaler = MinMaxScaler(feature_range=(0, 1))
scaled_data = scaler.fit_transform(dataset)  # <- leak
train_data = scaled_data[0:int(training_data_len), :]
x_train, y_train = [], []
for i in range(60, len(train_data)):
    x_train.append(train_data[i-60:i, 0])
    y_train.append(train_data[i, 0])
x_train, y_train = np.array(x_train), np.array(y_train)
x_train = np.reshape(x_train, (x_train.shape[0], x_train.shape[1], 1))
model = Sequential()
model.add(LSTM(128, return_sequences=True, input_shape=(x_train.shape[1], 1)))
model.add(Dense(1))
model.compile(optimizer="adam", loss="mean_squared_error")
model.fit(x_train, y_train, batch_size=1, epochs=1)
test_data = scaled_data[training_data_len - 60:, :]
x_test = []
y_test = dataset[training_data_len:, :]
for i in range(60, len(test_data)):
    x_test.append(test_data[i-60:i, 0])
x_test = np.array(x_test)
predictions = model.predict(x_test)
predictions = scaler.inverse_transform(predictions)
""",
    ),
    "mlmastery create_dataset": (
        "fit before split",
        """
import numpy
from pandas import read_csv
from sklearn.preprocessing import MinMaxScaler
from tensorflow.keras.layers import LSTM
def create_dataset(dataset, look_back=1):
    dataX, dataY = [], []
    for i in range(len(dataset)-look_back-1):
        a = dataset[i:(i+look_back), 0]
        dataX.append(a)
        dataY.append(dataset[i + look_back, 0])
    return numpy.array(dataX), numpy.array(dataY)
dataframe = read_csv('stock.csv', usecols=[1], engine='python', parse_dates=True)
dataset = dataframe['Close'].values
dataset = dataset.astype('float32')
scaler = MinMaxScaler(feature_range=(0, 1))
dataset = scaler.fit_transform(dataset)  # <- leak
train_size = int(len(dataset) * 0.67)
test_size = len(dataset) - train_size
train, test = dataset[0:train_size,:], dataset[train_size:len(dataset),:]
look_back = 1
trainX, trainY = create_dataset(train, look_back)
testX, testY = create_dataset(test, look_back)
""",
    ),
    "sequences then split": (
        "fit before split",
        """
import yfinance as yf, numpy as np
from sklearn.preprocessing import MinMaxScaler
def create_sequences(data, seq_length):
    xs, ys = [], []
    for i in range(len(data) - seq_length):
        xs.append(data[i:(i + seq_length)])
        ys.append(data[i + seq_length])
    return np.array(xs), np.array(ys)
df = yf.download("AAPL", start="2015-01-01")
scaler = MinMaxScaler()
df["Close"] = scaler.fit_transform(df["Close"].values.reshape(-1, 1))  # <- leak
X, y = create_sequences(df["Close"].values, 30)
split = int(0.8 * len(X))
X_train, X_test = X[:split], X[split:]
y_train, y_test = y[:split], y[split:]
""",
    ),
    "fit then transform parts": (
        "fit before split",
        """
import pandas as pd
from sklearn.preprocessing import StandardScaler
df = pd.read_csv("btc.csv", parse_dates=["date"], index_col="date")
df["ret"] = df["close"].pct_change()
features = ["ret", "volume"]
n = int(len(df) * 0.8)
ss = StandardScaler()
ss.fit(df[features])  # <- leak
X_train = ss.transform(df[features].iloc[:n])
X_test = ss.transform(df[features].iloc[n:])
""",
    ),
    "function preprocess": (
        "fit before split",
        """
import pandas as pd
from sklearn.preprocessing import MinMaxScaler
class Predictor:
    def __init__(self, ticker, look_back=60):
        self.ticker = ticker
        self.look_back = look_back
        self.scaler = MinMaxScaler()
    def load(self):
        self.df = pd.read_csv(f"{self.ticker}.csv")
    def prepare(self):
        prices = self.df["Close"].values.reshape(-1, 1)
        self.scaled = self.scaler.fit_transform(prices)  # <- leak
    def split(self):
        n = int(len(self.scaled) * 0.8)
        self.train = self.scaled[:n]
        self.test = self.scaled[n:]
""",
    ),
    "pca": (
        "fit before split",
        """
import pandas as pd
from sklearn.decomposition import PCA
from xgboost import XGBRegressor
prices = pd.read_parquet("prices.parquet")
X = prices.drop(columns=["close"]).rolling(5).mean()
y = prices["close"].pct_change().shift(-1)
X_pca = PCA(n_components=5).fit_transform(X)  # <- leak
cut = int(len(X) * .7)
model = XGBRegressor().fit(X_pca[:cut], y[:cut])
pred = model.predict(X_pca[cut:])
""",
    ),
    "imputer in cv": (
        "fit before split",
        """
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.model_selection import TimeSeriesSplit
from sklearn.linear_model import Ridge
df = pd.read_csv("ohlcv.csv")
df["mom"] = df["close"].pct_change(20)
X, y = df[["mom", "volume"]], df["close"].pct_change().shift(-1)
X = SimpleImputer().fit_transform(X)  # <- leak
for train_idx, test_idx in TimeSeriesSplit(5).split(X):
    Ridge().fit(X[train_idx], y.iloc[train_idx])
""",
    ),
    "validation_split": (
        "fit before split",
        """
import pandas as pd
from sklearn.preprocessing import StandardScaler
from keras.layers import LSTM
df = pd.read_csv("close.csv", parse_dates=["Date"])
data = StandardScaler().fit_transform(df[["Close"]])  # <- leak
X, y = [], []
for i in range(30, len(data)):
    X.append(data[i-30:i]); y.append(data[i])
model.fit(X, y, epochs=5, validation_split=0.2)
""",
    ),
    "selectkbest": (
        "selection before split",
        """
import pandas as pd
from sklearn.feature_selection import SelectKBest, f_regression
from sklearn.model_selection import TimeSeriesSplit, cross_val_score
df = pd.read_csv("prices.csv")
for n in (5, 10, 20):
    df[f"ma_{n}"] = df["close"].rolling(n).mean()
y = df["close"].pct_change().shift(-1)
X = df[[f"ma_{n}" for n in (5, 10, 20)]]
X_sel = SelectKBest(f_regression, k=2).fit_transform(X, y)  # <- leak
cross_val_score(model, X_sel, y, cv=TimeSeriesSplit(5))
""",
    ),
    "corr selection": (
        "selection before split",
        """
import pandas as pd
from sklearn.linear_model import Ridge
df = pd.read_csv("prices.csv")
df["ma"] = df["close"].rolling(5).mean()
df["target"] = df["close"].shift(-1)
corr = df.corr()["target"].abs().sort_values(ascending=False)  # <- leak
top = corr.index[1:6].tolist()
X, y = df[top], df["target"]
X_train, X_test = X[:800], X[800:]
Ridge().fit(X_train, y[:800])
""",
    ),
    "mutual info": (
        "selection before split",
        """
import pandas as pd
from sklearn.feature_selection import mutual_info_classif
df = pd.read_csv("stock.csv")
df["ret"] = df["Close"].pct_change()
df["target"] = (df["ret"].shift(-1) > 0).astype(int)
X = df.drop("target", axis=1)
y = df["target"]
mi = pd.Series(mutual_info_classif(X, y), index=X.columns)  # <- leak
selected = mi.nlargest(10).index
X = X[selected]
n = int(len(X) * .8)
X_train, X_test = X.iloc[:n], X.iloc[n:]
""",
    ),
    "smote": (
        "resampling before split",
        """
import pandas as pd
from imblearn.over_sampling import SMOTE
from sklearn.model_selection import train_test_split
df = pd.read_csv("stock.csv")
df["ret"] = df["Close"].pct_change()
X, y = df[["ret"]], (df["ret"].shift(-1) > 0)
X_res, y_res = SMOTE().fit_resample(X, y)  # <- leak
X_train, X_test, y_train, y_test = train_test_split(X_res, y_res, shuffle=False)
""",
    ),
    "test rows come by transform of the tail": (
        "fit before split",
        """
import numpy as np
import pandas as pd
from sklearn.preprocessing import MinMaxScaler
from keras.layers import LSTM
data = pd.read_csv("index.csv", index_col="Date", parse_dates=True)[["Close"]]
train = data.values[:900]
scaler = MinMaxScaler()
scaled = scaler.fit_transform(data.values)  # <- leak
x_train, y_train = [], []
for i in range(30, len(train)):
    x_train.append(scaled[i - 30:i, 0])
    y_train.append(scaled[i, 0])
model.fit(np.array(x_train), np.array(y_train))
inputs = scaler.transform(data[len(data) - 130:].values)
x_test = [inputs[i - 30:i, 0] for i in range(30, len(inputs))]
""",
    ),
}
