"""The estimators keep scikit-learn's contract, and learn from series."""
import pickle

import numpy as np
import pytest

pytest.importorskip("sklearn")  # make test installs it; the binding does not need it

from sklearn.model_selection import GridSearchCV  # noqa: E402
from sklearn.utils.estimator_checks import parametrize_with_checks  # noqa: E402

from liblstm.estimators import LSTMClassifier, LSTMRegressor  # noqa: E402

QUICK = dict(units=8, epochs=40, learning_rate=0.03, random_state=0)


@parametrize_with_checks([LSTMRegressor(**QUICK), LSTMClassifier(**QUICK)])
def test_the_contract_of_scikit_learn(estimator, check):
    check(estimator)


def waves(rows=120, steps=12):
    """Series of two features, and which of them runs ahead."""
    random = np.random.default_rng(0)
    phase, ahead = random.uniform(0, 6, rows), random.integers(0, 2, rows)
    time = np.arange(steps) + phase[:, None]
    x = np.stack([np.sin(time + ahead[:, None]), np.sin(time + 1 - ahead[:, None])], 2)
    return x, np.where(ahead == 1, "first", "second"), phase


def test_a_classifier_tells_series_apart_and_survives_pickling():
    x, names, _ = waves()
    found = LSTMClassifier(**QUICK).fit(x[:90], names[:90])
    assert found.score(x[90:], names[90:]) > 0.9 and list(found.classes_) == ["first", "second"]
    again = pickle.loads(pickle.dumps(found))
    assert np.array_equal(again.predict_proba(x), found.predict_proba(x)) and found.model_.trace(x).forget.shape == (120, 12, 8)


def test_a_regressor_has_several_outputs_and_takes_part_in_a_search():
    x, _, phase = waves()
    y = np.stack([np.sin(phase + 12), 100 + 10 * np.cos(phase + 12)], 1)
    search = GridSearchCV(LSTMRegressor(**QUICK), {"cell": ["GRU", "SimpleRNN"]}, cv=2).fit(x, y)
    assert search.best_score_ > 0.8 and search.predict(x).shape == y.shape


def test_early_stopping_and_what_makes_no_sense():
    x, names, _ = waves()
    names = np.random.default_rng(1).permutation(names)  # nothing to learn, so the validation's loss rises soon
    stopped = LSTMClassifier(**dict(QUICK, epochs=200), validation_fraction=0.25, patience=3).fit(x, names)
    assert len(stopped.history_["val_loss"]) < 200
    with pytest.raises(ValueError, match='cell is "?.?Elman'):
        LSTMClassifier(cell="Elman").fit(x, names)
    with pytest.raises(ValueError, match="X has 1 features; fit.. saw 2"):
        stopped.predict(x[:, :, :1])
