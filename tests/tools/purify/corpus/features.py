"""Feature engineering as it is written every day."""

import numpy as np


def cyclical(t):
    hour_sin = np.sin(2 * np.pi * t / 24)  #: safe safe
    hour_cos = np.cos(2 * np.pi * t / 24)  #: safe safe
    return np.stack([hour_sin, hour_cos], axis=1)  #: safe


def cyclical_by_rows(t):
    angle = t * (2.0 * np.pi / 24.0)  #: safe
    return np.vstack((np.sin(angle), np.cos(angle))).T  #: safe safe safe


def standardize(m):
    mean = np.mean(m, axis=0)  #: safe
    std = np.std(m, axis=0)  #: safe
    std = np.where(std == 0, 1.0, std)  #: safe
    return (m - mean) / std


def standardize_sample(m):
    return (m - np.mean(m, 0)) / np.std(m, 0, ddof=1)  #: safe safe


def min_max(m):
    low, high = np.min(m, axis=0), np.max(m, axis=0)  #: safe safe
    return (m - low) / np.maximum(high - low, 1e-12)  #: safe


def robust_scale(m):
    q1, q2, q3 = np.percentile(m, [25, 50, 75], axis=0)  #: safe
    return (m - q2) / (q3 - q1)


def winsorize(x):
    low, high = np.quantile(x, [0.05, 0.95])  #: safe
    return np.clip(x, low, high)  #: safe


def log_transform(w):
    return np.log1p(np.abs(w)) * np.sign(w)  #: safe safe safe


def box_cox(w, a):
    if a == 0:
        return np.log(w)  #: safe
    return (np.power(w, a) - 1) / a  #: safe


def one_hot(labels):
    return np.eye(4)[labels]  #: safe


def one_hot_by_loop(labels):
    table = np.zeros((len(labels), 4), dtype=np.float32)  #: safe safe
    table[np.arange(len(labels)), labels] = 1.0  #: safe
    return table


def counts(labels):
    return np.bincount(labels, minlength=4)  #: safe


def frequencies(labels):
    number = np.bincount(labels, minlength=4)  #: safe
    return number / np.sum(number)  #: safe


def bin_edges(x):
    return np.linspace(np.min(x), np.max(x), num=11)  #: safe safe safe


def bucketize(x):
    edges = np.quantile(x, np.linspace(0, 1, 5)[1:-1])  #: safe safe
    return np.searchsorted(edges, x, side="right")  #: safe


def digitize(x):
    return np.digitize(x, bins=[-1.0, 0.0, 1.0])  #: missing


def haversine(x, y):
    lat1, lat2 = np.radians(x), np.radians(y)  #: missing missing
    half = np.sin((lat2 - lat1) / 2) ** 2  #: safe
    return 2 * 6371 * np.arcsin(np.sqrt(np.clip(half, 0, 1)))  #: safe safe safe


def fill_missing(holes):
    median = np.nanmedian(holes)  #: safe
    return np.where(np.isnan(holes), median, holes)  #: safe safe


def missing_share(m_holes):
    return np.mean(np.isnan(m_holes), axis=0)  #: safe safe


def fill_in_place(m_holes):
    filled = np.array(m_holes)  #: safe
    means = np.nanmean(filled, axis=0)  #: safe
    rows, columns = np.where(np.isnan(filled))  #: safe safe
    filled[rows, columns] = means[columns]
    return filled


def fill_with_nan_to_num(holes):
    return np.nan_to_num(holes, nan=0.0)  #: missing


def lags(x):
    return np.concatenate(([np.nan], x[:-1]))  #: safe safe


def lag_matrix(x):
    return np.column_stack([x[2:], x[1:-1], x[:-2]])  #: missing


def rolled(x):
    previous = np.roll(x, 1)  #: safe
    previous[0] = np.nan  #: safe
    return x - previous


def differences(x):
    return np.diff(x, prepend=x[0])  #: safe


def growth(w):
    return np.diff(w) / w[:-1]  #: safe


def moving_average(x):
    kernel = np.ones(3) / 3  #: safe
    return np.convolve(x, kernel, mode="valid")  #: safe


def moving_average_by_cumsum(x):
    total = np.cumsum(np.insert(x, 0, 0))  #: safe missing
    return (total[3:] - total[:-3]) / 3


def windows(x):
    view = np.lib.stride_tricks.sliding_window_view(x, 3)  #: safe
    return np.mean(view, axis=-1)  #: safe


def windows_by_strides(x):
    step = x.strides[0]
    return np.lib.stride_tricks.as_strided(x, shape=(10, 3), strides=(step, step))  #: missing


def windows_stacked(m):
    size, stride = 3, 2
    starts = range(0, len(m) - size + 1, stride)
    return np.array([m[start : start + size].reshape(-1) for start in starts])  #: safe


def interactions(m):
    return np.hstack([m, m[:, :1] * m[:, 1:2], np.square(m)])  #: safe safe


def polynomial(x):
    return np.stack([x**power for power in range(4)], axis=-1)  #: safe


def target_mean(labels, x):
    sums = np.bincount(labels, weights=x, minlength=4)  #: safe
    number = np.bincount(labels, minlength=4)  #: safe
    return (sums + 1.0 * np.mean(x)) / (number + 1.0)  #: safe


def group_mean_add_at(labels, x):
    sums = np.zeros(4)  #: review:in-place
    np.add.at(sums, labels, x)  #: review:in-place
    return sums


def rank(x):
    order = np.argsort(x)  #: safe
    ranks = np.empty_like(order)  #: safe
    ranks[order] = np.arange(len(x))  #: safe
    return ranks


def top_k(x, k):
    return np.argsort(x)[::-1][:k]  #: safe


def top_k_by_partition(x, k):
    return np.sort(x[np.argpartition(x, -k)[-k:]])  #: safe missing


def outliers(x):
    score = np.abs(x - np.median(x)) / np.median(np.abs(x - np.median(x)))  #: safe safe safe safe safe
    return np.nonzero(score > 3.5)[0]  #: safe


def entropy(probabilities):
    return -np.sum(probabilities * np.log(probabilities + 1e-12), axis=1)  #: safe safe


def split_indices(x):
    cut = int(0.8 * len(x))
    train, rest = np.split(x, [cut])  #: safe
    return train, rest


def time_split(t):
    order = np.argsort(t, kind="stable")  #: safe
    first = order[: int(len(order) * 0.8)]
    return t[first]


def hashed_parts(i):
    return np.mod(i * 2654435761, 16)  #: safe


def matches(i):
    return np.isin(i, [2, 3, 5, 7])  #: safe


def conditions(x):
    return np.select([x < -1, x > 1], [-1.0, 1.0], default=0.0)  #: missing


def any_missing(m_holes):
    bad = np.any(np.isnan(m_holes), axis=1)  #: safe safe
    return m_holes[~bad]


def unique_labels(labels):
    return np.unique(labels)  #: review:default


def label_codes(labels):
    values, codes = np.unique(labels, return_inverse=True)  #: review:argument
    return values, codes
