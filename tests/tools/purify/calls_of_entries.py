"""Calls of NumPy functions on the inputs of both_versions.py, at least one for each function.

Functions of one or two numbers need no line: test_mapping.py makes their calls.
"""

# Where the plain call on x, or on x and y, would be outside of the domain.
DOMAIN = {
    "acos": "u", "acosh": "w + 1", "arccos": "u", "arccosh": "w + 1", "arcsin": "u",
    "arctanh": "u", "asin": "u", "atanh": "u", "bitwise_invert": "i", "bitwise_not": "i",
    "invert": "i", "log": "w", "log10": "w", "log1p": "w", "log2": "w", "logical_not": "b",
    "sqrt": "w", "conj": "z", "conjugate": "z",
}  # fmt: skip
INTEGERS = {
    "bitwise_and", "bitwise_left_shift", "bitwise_or", "bitwise_right_shift", "bitwise_xor",
    "left_shift", "right_shift",
}  # fmt: skip

CALLS = {
    "numpy": """
        all(b) all(m > 0, axis=0) all(b, keepdims=True) any(b) any(m > 9, 1) allclose(x, x + 1e-12)
        allclose(x, y, rtol=1e-3) amax(x) amax(m, axis=1) amin(m, 0) arange(7) arange(2, 9)
        arange(0, 10, 3) arange(0.0, 1.0, 0.25) arange(5, dtype=np.float32) argmax(x)
        argmax(m, axis=1) argmin(m, 0) argsort(x) argsort(m, axis=0) argsort(-x, kind="stable")
        around(x) array([1, 2, 3]) array([[1.0, 2.0], [3.0, 4.0]]) array(x, dtype=np.float32)
        array([x, y]) array((1, 2.5)) array_split(x, 5) array_split(m, 3, axis=0) asarray(x)
        asarray([1, 2], dtype=float) asarray(x, np.float32) astype(x, np.float32)
        average(x) average(x, weights=w) average(m, axis=0) average(m, 1) bincount(i)
        bincount(i, minlength=12) bincount(i, weights=w) broadcast_arrays(v4, m)
        broadcast_shapes((4,), (6, 1)) broadcast_to(v4, (6, 4)) clip(x, -1, 1) clip(x, None, 0.5)
        clip(x, a_min=-0.5, a_max=0.5) clip(x, 0, None) concat([x, y]) concatenate([x, y])
        concatenate((m, m), axis=1) concatenate((m, m), 0) convolve(x, short)
        convolve(x, short, mode="same") convolve(x, short, "valid") copy(x) corrcoef(m)
        corrcoef(m, rowvar=False) correlate(x, short) correlate(x, short, mode="full")
        count_nonzero(b) count_nonzero(m > 0, axis=0) cov(m) cov(m, rowvar=False) cov(m, bias=True)
        cov(m, ddof=0) cross(cube[:, 0, :3], cube[:, 1, :3])
        cumprod(x) cumprod(m, axis=1) cumsum(x) cumsum(m) cumsum(m, axis=0) cumsum(m, 1)
        cumulative_prod(x) cumulative_sum(x) diag(v4) diag(m) diag(m, k=1) diag(v4, -1) diagonal(m)
        diagonal(m, 1) diagonal(cube) diff(x) diff(x, n=2) diff(x, 2) diff(m, axis=0)
        diff(m, 1, 0) diff(x, prepend=0) dot(x, y) dot(m, n) dot(m, v4) dstack([m, m])
        einsum("ij,jk->ik", m, n) einsum("i,i->", x, y) einsum("ij->j", m, optimize=True)
        empty_like(x).shape empty((2, 3)).shape expand_dims(x, 0) expand_dims(x, axis=-1) eye(3)
        eye(3, 4) eye(3, k=1) eye(3, dtype=int) finfo(np.float32).bits finfo(float).eps
        finfo(float).max
        iinfo(np.int32).max flip(x) flip(m, axis=0) flip(m, (0, 1)) from_dlpack(x) full((2, 3), 7)
        full(3, 1.5) full(4, a) full((2,), 1, dtype=np.int8) full_like(x, 2.0)
        full_like(i, 2, dtype=float) gradient(x) gradient(x, 0.5) gradient(m, axis=0) gradient(m)
        histogram(x) histogram(x, bins=4) histogram(x, 5, (-1, 1))
        histogram(x, bins=[-1.0, 0.0, 1.0])
        histogram(x, density=True) histogram(x, weights=w) hstack([x, y]) hstack((m, m)) imag(z)
        inner(x, y) inner(m, m) isclose(x, y) isclose(x, x + 1e-12) isin(i, [1, 2, 3])
        isin(i, j, invert=True) isin(i, j, assume_unique=True) kron(short, v4) linspace(0, 1, 11)
        linspace(0, 1) linspace(0, a, num=5, endpoint=False) linspace(0, 1, 5, False) matmul(m, n)
        matrix_transpose(cube) max(x) max(m, axis=0) max(m, 1, keepdims=True) mean(x)
        mean(m, axis=0) mean(m, 1) mean(m, axis=(0, 1)) mean(m, axis=0, keepdims=True) mean(i)
        mean(b) median(x) median(m, axis=0) median(m, 1) meshgrid(short, v4)
        meshgrid(short, v4, indexing="ij") min(x) min(m, axis=1) moveaxis(cube, 0, -1)
        moveaxis(cube, (0, 1), (1, 0)) nanmax(holes) nanmean(holes) nanmean(m_holes, axis=0)
        nanmedian(holes) nanmin(m_holes, 1) nanpercentile(holes, 25) nanprod(holes)
        nanquantile(holes, 0.5) nanstd(holes) nanstd(m_holes, axis=0, ddof=1) nansum(holes)
        nanvar(holes) nanvar(holes, ddof=1) nonzero(b) nonzero(m > 0) ones(3)
        ones((2, 2), dtype=int)
        ones_like(x) ones_like(x, dtype=int) pad(x, 2) pad(x, (1, 2)) pad(m, ((1, 1), (0, 2)))
        pad(x, 2, mode="edge") pad(x, 2, mode="reflect") pad(x, 2, "symmetric")
        pad(x, 1, constant_values=9) pad(x, 2, mode="wrap") percentile(x, 50)
        percentile(x, [25, 75]) percentile(m, 90, axis=0) percentile(x, 50, method="lower")
        permute_dims(cube, (2, 0, 1)) prod(short) prod(m, axis=0) prod(i) ptp(x) ptp(m, axis=0)
        quantile(x, 0.25) quantile(m, [0.1, 0.9], axis=1) ravel(m) ravel(cube) real(z)
        repeat(x, 2) repeat(m, 2, axis=0) repeat(short, [1, 2, 0, 1, 1]) reshape(x, (3, 4))
        reshape(x, -1) reshape(m, (4, -1)) roll(x, 2) roll(x, -1) roll(m, 1, axis=1)
        roll(m, 1, 0) roll(m, 3) round(x) round(x, 0) searchsorted(np.sort(x), y)
        searchsorted(np.sort(x), 0.5, side="right") shape(m) sort(x) sort(m, axis=0) sort(m)
        sort(i, kind="stable") split(x, 3) split(x, [2, 5]) split(m, 2, axis=1) squeeze(x[None])
        squeeze(x[:, None], axis=1) stack([x, y]) stack([x, y], axis=1) stack((x, y), -1) std(x)
        std(m, axis=0) std(x, ddof=1) std(m, 0, ddof=1) std(m, axis=1, keepdims=True) sum(x)
        sum(m, axis=0) sum(m, 1) sum(b) sum(image) sum(x, dtype=np.float32) sum(m, keepdims=True)
        swapaxes(cube, 0, 2) take(x, [0, 2]) take(m, [0, 2], axis=1) take(m, i)
        take(m, i, axis=None) cumprod(m, axis=None)
        take_along_axis(m, np.argsort(m, axis=1), axis=1) tensordot(m, n, axes=1)
        tensordot(m, n, 1) tensordot(m, m, axes=([0], [0])) tile(x, 2) tile(m, (2, 1))
        transpose(m) transpose(cube, (1, 0, 2)) transpose(cube) tril(m) tril(m, k=-1) triu(m, 1)
        triu(s) unique_all(i) unique_counts(i) unique_inverse(i) unique_values(i).sum() unstack(m)
        unstack(m, axis=1) var(x) var(m, axis=0, ddof=1) vecdot(m, m) vecdot(m, m, axis=0)
        vstack([x, y]) vstack((m, m)) where(b, x, y) where(x > 0, x, 0.0) where(b) where(m > 0)
        where(x > 0, 1, 0) zeros(3) zeros((2, 3)) zeros(k) zeros((2, 2), dtype=np.int64)
        zeros((2, 2), bool) zeros_like(m) zeros_like(x, dtype=np.float32) mean(x, out=None)
        sum(x, axis=None) ravel(m, order="C") reshape(m, (3, 8), order="C") array(x, copy=True)
        concatenate([x, y], axis=None) sort(m, axis=None) argsort(m, axis=None)
        concatenate([m, m], axis=None) flip(m, axis=None) repeat(m, 2, axis=None)
        take_along_axis(x, np.argsort(x), axis=0) zeros(3, "f4") ones(3, dtype="<i8")
        full(3, 0, "int16") sum(x > 0) sum([1, 2, 3]) mean([1.0, 2.0]) max([3, 1, 2]) sqrt(2.0)
        exp(1) abs(-3) std([1.0, 2.0, 4.0]) maximum(x, 0) minimum(x, 1.5) power(x, 2)
        logical_and(b, b2) logical_or(b, b2) logical_xor(b, b2) mod(i, 3) floor_divide(i, 2)
        add(x, 1) multiply(2, x) divide(1, w) subtract(x, y) negative(i) sign(i) square(i) ceil(3.2)
        hypot(3, 4) isfinite(holes) isinf(x) isnan(holes) isnan(1.0) heaviside(x, 0.5) rint(x)
        greater(x, 0) less_equal(x, y) equal(i, j) not_equal(i, 3) remainder(x, 1.5) sqrt(i)
        log1p(i) exp(f32) sum(f32) mean(f32) std(f32) tanh(f32) round(f32) floor(i) ceil(i) trunc(i)
    """,
    "numpy.linalg": """
        cholesky(s) cross(cube[:, 0, :3], cube[:, 1, :3]) det(s) det(q) diagonal(cube)
        diagonal(m, offset=1) eigh(s)[0] eigvalsh(s) inv(s) inv(q)
        lstsq(m, x[:6])[0] lstsq(m, x[:6], rcond=None)[0] matmul(m, n) matrix_norm(m)
        matrix_norm(m, ord=2)
        matrix_power(s, 3) matrix_rank(m) matrix_rank(s) matrix_transpose(cube) norm(x) norm(m)
        norm(m, axis=1) norm(x, ord=1) norm(m, "fro") norm(m, axis=1, keepdims=True) norm(x, np.inf)
        norm(m, 2, 1) outer(x, y) qr(m)[0] qr(m)[1] slogdet(s) slogdet(q) solve(s, v4) solve(s, m.T)
        svd(m)[1] svd(m, full_matrices=False)[1] svd(m, compute_uv=False) svdvals(m)
        tensordot(m, n, axes=1) trace(s) trace(cube, offset=1) vecdot(m, m) vector_norm(m)
        vector_norm(m, axis=0, ord=1)
    """,
    "numpy.fft": """
        fft(x) fft(z) fft(x, 16) fft(m, axis=0) fft(x, norm="ortho") fft2(m) fftfreq(9)
        fftfreq(8, d=0.1) fftfreq(8, 0.5) fftn(cube) fftshift(x) fftshift(m, axes=0) hfft(z) ifft(z)
        ifft2(m) ifftn(cube) ifftshift(x) ihfft(x) irfft(z) irfft(z, n=14) irfft2(m) irfftn(cube)
        rfft(x) rfft(m, axis=0) rfft(signal, n=64) rfft2(m) rfftfreq(9) rfftfreq(8, d=0.1)
        rfftn(cube)
        fft(x, norm=None) fft2(cube, axes=(0, 1))
    """,
    "numpy.lib.stride_tricks": """
        sliding_window_view(x, 3) sliding_window_view(m, 2, axis=0)
        sliding_window_view(m, window_shape=(2, 3))
    """,
}
