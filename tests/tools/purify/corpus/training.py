"""Models written by hand."""

import numpy as np
from numpy import exp, log


class Adam:
    def __init__(self, size, rate=0.01):
        self.rate = rate
        self.m = np.zeros(size)  #: safe
        self.v = np.zeros(size)  #: safe
        self.t = 0

    def step(self, weights, gradient):
        self.t += 1
        self.m = 0.9 * self.m + 0.1 * gradient
        self.v = 0.999 * self.v + 0.001 * np.square(gradient)  #: safe
        m_hat = self.m / (1 - 0.9**self.t)
        v_hat = self.v / (1 - 0.999**self.t)
        return weights - self.rate * m_hat / (np.sqrt(v_hat) + 1e-8)  #: safe


class Buffer:
    """Its array is cleared in place, which no tensor can do."""

    def __init__(self, size):
        self.rows = np.zeros((size, 4))  #: review:method

    def clear(self):
        self.rows.fill(0.0)


def use_adam(v4):
    adam = Adam(4)
    weights = v4
    for _ in range(3):
        weights = adam.step(weights, 2 * weights)
    return weights


def use_buffer(v4):
    buffer = Buffer(2)
    buffer.rows[0] = v4
    buffer.clear()
    return buffer.rows


def sigmoid(x):
    return 1 / (1 + exp(-x))  #: safe


def stable_sigmoid(x):
    return np.where(x >= 0, 1 / (1 + np.exp(-x)), np.exp(x) / (1 + np.exp(x)))  #: safe safe safe safe


def softmax(m):
    shifted = np.exp(m - np.max(m, axis=1, keepdims=True))  #: safe safe
    return shifted / shifted.sum(axis=1, keepdims=True)


def log_loss(w, b):
    p = np.clip(w, 1e-7, 1 - 1e-7)  #: safe
    return -np.mean(b * log(p) + (1 - b) * log(1 - p))  #: safe safe safe


def cross_entropy(probabilities, labels):
    picked = probabilities[np.arange(len(labels)), labels]  #: safe
    return -np.mean(np.log(picked))  #: safe safe


def relu(x):
    return np.maximum(0, x)  #: safe


def leaky(x):
    return np.where(x > 0, x, 0.01 * x)  #: safe


def gradient_descent(m, x):
    weights = np.zeros(m.shape[1])  #: safe
    for _ in range(20):
        weights -= 0.01 * m.T @ (m @ weights - x[:6])
    return weights


def add_bias(m):
    return np.concatenate([np.ones((m.shape[0], 1)), m], axis=1)  #: safe safe


def add_bias_by_index(m):
    return np.c_[np.ones(len(m)), m]  #: missing safe


def k_means(m):
    centres = m[:2].copy()
    for _ in range(5):
        distance = np.linalg.norm(m[:, None, :] - centres[None, :, :], axis=2)  #: safe
        nearest = np.argmin(distance, axis=1)  #: safe
        parts = [m[nearest == k] for k in range(2)]
        centres = np.array(  #: safe
            [p.mean(axis=0) if len(p) else c for p, c in zip(parts, centres, strict=True)]
        )
    return centres


def early_stopping(x):
    best = np.inf  #: safe
    for loss in x:
        if loss < best - 1e-4:
            best = loss
    return best


def dropout(m):
    rng = np.random.default_rng(0)  #: review:random
    return m * (rng.uniform(size=m.shape) > 0.5)  #: review:random


def initial_weights():
    np.random.seed(42)  #: review:random
    return np.random.randn(4, 3) * np.sqrt(2.0 / 4)  #: review:random safe


def shuffled_split(m):
    np.random.seed(0)  #: review:random
    order = np.random.permutation(len(m))  #: review:random
    return m[order[:4]], m[order[4:]]


def mini_batches(m):
    order = np.arange(len(m))  #: review:in-place
    np.random.shuffle(order)  #: review
    return [len(m[order[k : k + 2]]) for k in range(0, len(m), 2)]


def learning_rates(k):
    return [0.1 * np.exp(-0.5 * step) for step in range(k)]  #: safe


def schedule(k):
    return 0.5 * (1 + np.cos(np.pi * np.arange(k) / k))  #: safe safe safe


def convolution(signal):
    kernel = np.array([0.25, 0.5, 0.25])  #: safe
    return np.array([np.sum(signal[k : k + 3] * kernel) for k in range(len(signal) - 2)])  #: safe safe


def attention(m):
    scores = np.matmul(m, np.transpose(m)) / np.sqrt(m.shape[-1])  #: safe safe safe
    scores -= np.max(scores, axis=-1, keepdims=True)  #: safe
    weights = np.exp(scores)  #: safe
    weights /= np.sum(weights, axis=-1, keepdims=True)  #: safe
    return weights @ m


def masked(m):
    mask = np.tril(np.ones((6, 6), dtype=bool))  #: safe safe
    return np.where(mask, m @ m.T, -np.inf)  #: safe safe


def clip_by_norm(v4):
    size = np.linalg.norm(v4)  #: safe
    return v4 * np.minimum(1.0, 1.0 / (size + 1e-6))  #: safe


def numeric_gradient(v4):
    gradient = np.zeros_like(v4)  #: safe
    for k in range(len(v4)):
        step = np.zeros_like(v4)  #: safe
        step[k] = 1e-6
        gradient[k] = (np.sum((v4 + step) ** 2) - np.sum((v4 - step) ** 2)) / 2e-6  #: safe safe
    return gradient


def vectorized(x):
    squash = np.vectorize(lambda value: max(value, 0.0))  #: missing
    return squash(x)


def along_axis(m):
    return np.apply_along_axis(np.sum, 1, m)  #: missing review:reference


def metrics(x, y):
    functions = {"mean": np.mean, "max": np.max}  #: review:reference review:reference
    return [function(x - y) for function in functions.values()]


def mapped(x):
    return list(map(np.sqrt, np.abs(x)))  #: review:reference safe


def default_function(x, reduce=np.mean):  #: review:reference
    return reduce(x)


def unpacked(m):
    options = {"axis": 0}
    return np.mean(m, **options)  #: review:unpacked


def unpacked_list(m):
    arguments = (m, 0)
    return np.sum(*arguments)  #: review:unpacked
