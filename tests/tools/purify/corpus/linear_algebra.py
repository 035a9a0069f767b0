"""Linear algebra, with functions imported by name."""

import numpy as np
from numpy import linalg as la
from numpy.linalg import LinAlgError, inv, norm, solve
from numpy.linalg import svd as decompose


def pca(m):
    centred = m - np.mean(m, axis=0)  #: safe
    u, s, vt = np.linalg.svd(centred, full_matrices=False)  #: safe
    ratio = s**2 / np.sum(s**2)  #: safe
    return np.abs(u * s), ratio, np.abs(vt)  #: safe safe


def pca_by_covariance(m):
    values, vectors = np.linalg.eigh(np.cov(m, rowvar=False))  #: safe safe
    order = np.argsort(values)[::-1]  #: safe
    return values[order], np.abs(vectors[:, order])  #: safe


def whitening(m):
    covariance = np.cov(m, rowvar=False)  #: safe
    u, s, _ = decompose(covariance)  #: safe
    return np.abs(np.dot(np.diag(1.0 / np.sqrt(s + 1e-5)), u.T))  #: safe safe safe safe


def singular_values(m):
    return np.linalg.svd(m, compute_uv=False)  #: safe


def singular_values_maybe(m, b):
    return np.linalg.svd(m, compute_uv=bool(b[0]))  #: review:argument


def least_squares(m, x):
    return np.linalg.lstsq(m, x[:6], rcond=None)[0]  #: safe


def normal_equations(m, x):
    return solve(m.T @ m, m.T @ x[:6])  #: safe


def ridge(m, x, a):
    identity = np.eye(m.shape[1])  #: safe
    return inv(m.T @ m + a * identity) @ m.T @ x[:6]  #: safe


def pseudo_inverse(m):
    return np.linalg.pinv(m)  #: review:default


def condition(q):
    return np.linalg.cond(q)  #: missing


def determinant(q):
    sign, logdet = np.linalg.slogdet(q)  #: safe
    return np.linalg.det(q), sign * np.exp(logdet)  #: safe safe


def gaussian_density(v4, s):
    difference = np.linalg.solve(s, v4)  #: safe
    sign, logdet = la.slogdet(s)  #: safe
    return -0.5 * (v4 @ difference + sign * logdet + 4 * np.log(2 * np.pi))  #: safe safe


def cholesky(s):
    return np.linalg.cholesky(s)  #: safe


def mahalanobis(m, s):
    return np.sqrt(np.einsum("ij,jk,ik->i", m, inv(s), m))  #: safe safe safe


def cosine(x, y):
    return np.dot(x, y) / (norm(x) * norm(y))  #: safe safe safe


def normalized_rows(m):
    return m / la.norm(m, axis=1, keepdims=True)  #: safe


def distances(m):
    difference = m[:, np.newaxis, :] - m[np.newaxis, :, :]  #: safe safe
    return np.sqrt(np.sum(difference**2, axis=-1))  #: safe safe


def distances_by_norm(m):
    return np.linalg.norm(m[:, None] - m[None], axis=2)  #: safe


def gram(m):
    squares = np.sum(m**2, axis=1)  #: safe
    return squares[:, None] + squares[None, :] - 2 * np.dot(m, m.T)  #: safe


def kernel(m, a):
    squares = np.sum(m * m, 1)  #: safe
    return np.exp(-a * (squares[:, None] + squares - 2 * np.matmul(m, m.T)))  #: safe safe


def outer(x, y):
    return np.outer(x, y)  #: review:default


def outer_of_vectors(x, y):
    return la.outer(x, y)  #: safe


def trace(s):
    return np.trace(s)  #: review:default


def trace_of_the_module(s):
    return la.trace(s)  #: safe


def chained(m, n):
    return la.multi_dot([m, n, m])  #: missing


def kronecker(v4, short):
    return np.kron(v4, short)  #: safe


def crossed(cube):
    return np.cross(cube[:, 0, :3], cube[:, 1, :3])  #: safe


def power_iteration(s):
    vector = np.ones(s.shape[0])  #: safe
    for _ in range(50):
        vector = s @ vector
        vector = vector / np.linalg.norm(vector)  #: safe
    return np.abs(vector)  #: safe


def guarded(q, v4):
    try:
        return solve(q, v4)  #: safe
    except LinAlgError:  #: review:type
        return None


def projected(m):
    q, _ = np.linalg.qr(m)  #: safe
    return q @ q.T


def upper(s):
    return np.triu(s, 1) + np.tril(s, k=-1)  #: safe safe


def upper_values(s):
    return s[np.triu_indices(4, k=1)]  #: missing


def filled_diagonal(s):
    copied = np.copy(s)  #: review:in-place
    np.fill_diagonal(copied, 0.0)  #: review:in-place
    return copied


def eigenvalues_by_name(s):
    return np.linalg.eigh(s).eigenvalues  #: safe


def eigh_upper(s):
    return np.linalg.eigh(s, UPLO="U")[0]  #: review:argument


def eigh_default(s):
    return la.eigvalsh(s, UPLO="L")  #: safe


def matrix_type(s):
    return np.asarray(np.matrix(s) * np.matrix(s))  #: safe missing missing


def tensor_product(cube, v4):
    return np.tensordot(cube, v4, axes=([1], [0]))  #: safe


def einsum_with_axes(m, n):
    return np.einsum(m, [0, 1], n, [1, 2])  #: review:argument


def rank_of(m):
    return la.matrix_rank(m)  #: safe


def rank_with_tolerance(m):
    return la.matrix_rank(m, tol=1e-3)  #: review:argument


def block(s):
    return np.block([[s, s], [s, s]])  #: missing
