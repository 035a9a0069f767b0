"""Statistics, reductions, and comparisons."""

import numpy as np


def summary(x):
    return np.mean(x), np.std(x), np.min(x), np.max(x), np.median(x)  #: safe safe safe safe safe


def summary_dict(x):
    return {
        "mean": np.mean(x),  #: review:consumer
        "count": len(x),
        "std": float(np.std(x)),  #: safe
    }


def z_scores(x):
    return (x - np.average(x)) / np.sqrt(np.var(x))  #: safe safe safe


def weighted(x, w):
    return np.average(x, weights=w)  #: safe


def weighted_with_sum(x, w):
    return np.average(x, weights=w, returned=True)  #: review:argument


def correlation(x, y):
    return np.corrcoef(x, y)[0, 1]  #: review:argument


def correlation_of_columns(m):
    return np.corrcoef(m, rowvar=False)  #: safe


def covariance(m):
    return np.cov(m.T)  #: safe


def covariance_weighted(m, w):
    return np.cov(m.T, aweights=w[:6])  #: review:argument


def pearson(x, y):
    xm, ym = x - np.mean(x), y - np.mean(y)  #: safe safe
    return np.sum(xm * ym) / np.sqrt(np.sum(xm**2) * np.sum(ym**2))  #: safe safe safe safe


def skewness(x):
    centred = x - x.mean()
    return np.mean(centred**3) / np.power(np.mean(centred**2), 1.5)  #: safe safe safe


def rmse(x, y):
    return np.sqrt(np.mean((x - y) ** 2))  #: safe safe


def rmse_float(x, y) -> float:
    return float(np.sqrt(np.mean((x - y) ** 2)))  #: safe safe


def mean_promised(x) -> float:
    return np.mean(x)  #: review:consumer


def mape(x, y):
    return np.mean(np.abs((x - y) / np.where(x == 0, 1, x))) * 100  #: safe safe safe


def r2(x, y):
    residual = np.sum((x - y) ** 2)  #: safe
    total = np.sum((x - np.mean(x)) ** 2)  #: safe safe
    return 1 - residual / total


def accuracy(labels, i):
    return np.mean(labels == i)  #: safe


def confusion(labels, j):
    matrix = np.zeros((4, 4), dtype=int)  #: safe
    for true, guess in zip(labels, j % 4, strict=True):
        matrix[true, guess] += 1
    return matrix


def rounded(x):
    return np.round(x, 2)  #: review:argument


def rounded_to_integers(x):
    return np.round(x).astype(int)  #: safe


def rounded_mean(x):
    return round(np.mean(x), 3)  #: review:consumer


def around(x):
    return np.around(x, decimals=1)  #: review:argument


def formatted(x):
    return f"{np.mean(x):.3f} +- {np.std(x):.3f}"  #: safe safe


def formatted_by_percent(x):
    return "%.2f" % np.max(x)  #: safe


def as_key(labels):
    seen = {}
    best = np.argmax(labels)  #: review:consumer
    seen[best] = True
    return len(seen)


def as_index(x, t):
    return t[np.argmax(x)]  #: safe


def as_slice(x, k):
    count = np.minimum(k, 3)  #: safe
    return x[:count]


def as_range(labels):
    return list(range(np.max(labels)))  #: safe


def column_sums(m):
    return np.sum(m, axis=0), np.sum(m, axis=1, keepdims=True)  #: safe safe


def sum_where(m):
    return np.sum(m, where=m > 0)  #: review:where


def sum_initial(x):
    return np.sum(x, initial=10.0)  #: review:argument


def max_initial(x):
    return np.max(x, initial=0.0)  #: review:argument


def mean_in_double(f32):
    return np.mean(f32, dtype=np.float64)  #: review:dtype review:type


def sum_in_double(f32):
    return np.sum(f32, dtype=np.float64)  #: safe safe


def ufunc_dtype(x):
    return np.sqrt(np.abs(x), dtype=np.float64)  #: review:dtype safe review:type


def cumulative(x):
    return np.cumsum(x), np.cumprod(x)  #: safe safe


def running_maximum(x):
    return np.maximum.accumulate(x)  #: missing


def drawdown(w):
    peak = np.maximum.accumulate(w)  #: missing
    return np.min(w / peak - 1)  #: safe


def histogram(x):
    number, edges = np.histogram(x, bins=5)  #: safe
    return number, edges


def histogram_auto(x):
    return np.histogram(x, bins="auto")  #: review:argument


def histogram_plane(x, y):
    return np.histogram2d(x, y, bins=3)  #: missing


def percentile_lower(x):
    return np.percentile(x, 75, method="lower")  #: safe


def percentile_by_name(x):
    return np.percentile(x, q=75)  #: safe


def percentile_overwrite(x):
    return np.percentile(x, 75, overwrite_input=True)  #: safe


def close(x, y):
    return np.allclose(x, y), np.isclose(x, y, atol=0.1)  #: safe safe


def equal_arrays(x, y):
    return np.array_equal(x, y)  #: missing


def finite_only(holes):
    return holes[np.isfinite(holes)]  #: safe


def nan_statistics(m_holes):
    return np.nanmean(m_holes, axis=0), np.nanstd(m_holes, axis=0)  #: safe safe


def nan_argmax(holes):
    return np.nanargmax(holes)  #: missing


def mode(labels):
    return np.argmax(np.bincount(labels))  #: safe safe


def counted(b):
    return np.count_nonzero(b), np.sum(b), np.flatnonzero(b)  #: safe safe missing


def all_positive(w):
    if np.all(w > 0):  #: safe
        return 1
    return 0


def assertion(m):
    assert np.all(np.isfinite(m)), "expected finite numbers"  #: safe safe
    return m


def interpolated(x, t):
    return np.interp(t, np.sort(t), x)  #: missing safe


def trapezoid(x, t):
    return np.trapezoid(x, t)  #: missing


def limits():
    return np.finfo(np.float64).eps, np.iinfo(np.int32).max  #: safe safe safe safe


def tiny():
    return np.finfo(float).tiny  #: review:method


def sorted_by_column(m):
    return m[np.argsort(m[:, 1])]  #: safe


def sorted_by_two(x, labels):
    return np.lexsort((x, labels))  #: missing


def descending(x):
    return np.flip(np.sort(x))  #: safe safe


def sum_of_generator(x):
    return np.sum(float(each) for each in x)  #: review:object


def maximum_of_three(x, y, w):
    return np.maximum(np.maximum(x, y), w)  #: safe safe


def reduced(x, y, w):
    return np.maximum.reduce([x, y, w])  #: missing


def logical(b, b2):
    return np.logical_and(b, np.logical_not(b2)), np.logical_or.reduce([b, b2])  #: safe safe missing
