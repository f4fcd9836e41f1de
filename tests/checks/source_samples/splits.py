"""Splits and folds that ignore time.

Each sample is a script as people write them; the leak stands in the marked line.
"""

LEAKS: dict[str, tuple[str, str]] = {
    "train_test_split default": (
        "shuffled split",
        """
import pandas as pd
from sklearn.model_selection import train_test_split
from sklearn.ensemble import RandomForestClassifier
df = pd.read_csv("AAPL.csv")
df["SMA_10"] = df["Close"].rolling(10).mean()
df["Target"] = (df["Close"].shift(-1) > df["Close"]).astype(int)
df.dropna(inplace=True)
X = df[["SMA_10", "Volume"]]
y = df["Target"]
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=42)  # <- leak
clf = RandomForestClassifier().fit(X_train, y_train)
""",
    ),
    "kfold shuffle": (
        "shuffled split",
        """
import pandas as pd
from sklearn.model_selection import KFold, cross_val_score
from sklearn.ensemble import RandomForestRegressor
df = pd.read_csv("prices.csv")
df["r5"] = df.close.pct_change(5)
X, y = df[["r5"]], df.close.pct_change().shift(-1)
cv = KFold(n_splits=5, shuffle=True, random_state=0)  # <- leak
scores = cross_val_score(RandomForestRegressor(), X, y, cv=cv)
""",
    ),
    "cross_val_score default": (
        "shuffled split",
        """
import pandas as pd
from sklearn.model_selection import cross_val_score
from sklearn.ensemble import RandomForestRegressor
df = pd.read_csv("prices.csv")
df["r5"] = df.close.pct_change(5)
y = df.close.pct_change().shift(-1)
scores = cross_val_score(RandomForestRegressor(), df[["r5"]], y)  # <- leak
""",
    ),
    "cross_val_predict": (
        "shuffled split",
        """
import pandas as pd
from sklearn.model_selection import cross_val_predict
df = pd.read_csv("prices.csv")
df["r5"] = df.close.pct_change(5)
p = cross_val_predict(model, df[["r5"]], df.close.pct_change().shift(-1), cv=10)  # <- leak
""",
    ),
    "sample frac": (
        "shuffled rows",
        """
import pandas as pd
from sklearn.linear_model import Ridge
df = pd.read_csv("prices.csv")
df["ma"] = df["close"].rolling(5).mean()
df["target"] = df["close"].shift(-1)
df = df.dropna().sample(frac=1, random_state=0)  # <- leak
n = int(len(df) * .8)
train, test = df[:n], df[n:]
Ridge().fit(train[["ma"]], train["target"])
""",
    ),
    "random_split": (
        "shuffled split",
        """
import torch, pandas as pd
from torch.utils.data import random_split, TensorDataset, DataLoader
df = pd.read_csv("close.csv", parse_dates=["Date"])
close = torch.tensor(df["Close"].values)
seq_len = 30
X = torch.stack([close[i:i+seq_len] for i in range(len(close)-seq_len)])
y = close[seq_len:]
ds = TensorDataset(X, y)
train_ds, val_ds = random_split(ds, [800, 200])  # <- leak
loader = DataLoader(train_ds, shuffle=True)
""",
    ),
    "gridsearch default": (
        "shuffled split",
        """
import pandas as pd
from sklearn.model_selection import GridSearchCV
from sklearn.svm import SVR
df = pd.read_csv("prices.csv")
df["r5"] = df.close.pct_change(5)
X, y = df[["r5"]], df.close.pct_change().shift(-1)
gs = GridSearchCV(SVR(), {"C": [1, 10]}, cv=5)  # <- leak
gs.fit(X, y)
""",
    ),
}
