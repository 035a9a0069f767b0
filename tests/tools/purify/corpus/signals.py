"""Signals and images."""

import numpy as np
import numpy.fft
from numpy.fft import rfft, rfftfreq


def spectrum(signal):
    return np.abs(np.fft.rfft(signal)) ** 2  #: safe safe


def spectrum_by_name(signal):
    return rfftfreq(len(signal), d=0.1), np.abs(rfft(signal))  #: safe safe safe


def by_full_name(signal):
    return numpy.fft.ifft(numpy.fft.fft(signal)).real  #: review:method safe


def dominant(signal):
    spectrum = np.abs(np.fft.rfft(signal))  #: safe safe
    return np.fft.rfftfreq(len(signal))[np.argmax(spectrum[1:]) + 1]  #: safe safe


def low_pass(signal):
    transform = np.fft.rfft(signal)  #: safe
    transform[5:] = 0
    return np.fft.irfft(transform, n=len(signal))  #: safe


def windowed(signal):
    return signal * np.hanning(len(signal))  #: missing


def padded(signal):
    return np.pad(signal, (2, 3), mode="constant", constant_values=0)  #: safe


def padded_mean(signal):
    return np.pad(signal, 2, mode="mean")  #: review:argument


def padded_linear(signal):
    return np.pad(signal, 2, mode="linear_ramp", end_values=0)  #: review:argument


def reflected(signal):
    return np.pad(signal, 3, "reflect")  #: safe


def autocorrelation(signal):
    centred = signal - np.mean(signal)  #: safe
    full = np.correlate(centred, centred, mode="full")  #: safe
    return full[len(full) // 2 :] / np.max(full)  #: safe


def phase(z):
    return np.angle(z)  #: missing


def unwrapped(z):
    return np.unwrap(np.angle(z))  #: missing missing


def magnitude_and_parts(z):
    return np.absolute(z), np.real(z), np.imag(z), np.conjugate(z)  #: safe safe safe safe


def decibels(w):
    return 20 * np.log10(w)  #: safe


def envelope(signal):
    return np.sqrt(np.mean(np.reshape(signal, (-1, 8)) ** 2, axis=1))  #: safe safe safe


def zero_crossings(signal):
    return np.where(np.diff(np.signbit(signal)))[0]  #: safe safe safe


def peaks(signal):
    middle = signal[1:-1]
    return np.flatnonzero((middle > signal[:-2]) & (middle > signal[2:])) + 1  #: missing


def tone(k):
    t = np.linspace(0, 1, 64, endpoint=False)  #: safe
    return np.sin(2 * np.pi * k * t)  #: safe safe


def chirp():
    t = np.arange(0, 1, 1 / 64)  #: safe
    return np.cos(2 * np.pi * (1 + 4 * t) * t)  #: safe safe


def steps():
    samples, step = np.linspace(0, 1, 5, retstep=True)  #: review:argument
    return samples, step


def logarithmic():
    return np.logspace(-3, 3, 7)  #: missing


def grid(short, v4):
    xx, yy = np.meshgrid(short, v4)  #: safe
    return np.exp(-(xx**2 + yy**2))  #: safe


def grid_sparse(short, v4):
    xx, yy = np.meshgrid(short, v4, sparse=True)  #: review:argument
    return xx + yy


def grid_by_index():
    rows, columns = np.mgrid[0:3, 0:4]  #: missing
    return rows + columns


def brightness(image):
    return np.mean(image / 255.0)  #: safe


def inverted(image):
    return np.clip(255 - image.astype(np.int32), 0, 255).astype(np.uint8)  #: safe safe safe


def gray(image):
    colour = np.stack([image, image, image], axis=-1)  #: safe
    return np.dot(colour[..., :3], [0.299, 0.587, 0.114])  #: safe


def transposed(cube):
    return np.transpose(cube, (2, 0, 1)), np.moveaxis(cube, -1, 0)  #: safe safe


def batched(image):
    return np.expand_dims(np.expand_dims(image, 0), axis=-1)  #: safe safe


def mirrored(image):
    return np.fliplr(image), np.flip(image, axis=0)  #: missing safe


def rotated(image):
    return np.rot90(image)  #: missing


def tiled(image):
    return np.tile(image, (2, 2)), np.repeat(image, 2, axis=0)  #: safe safe


def pooled(image):
    return np.max(np.reshape(image, (4, 2, 4, 2)), axis=(1, 3))  #: safe safe


def sobel(image):
    rows = np.gradient(image.astype(float), axis=0)  #: safe
    columns = np.gradient(image.astype(float), axis=1)  #: safe
    return np.hypot(rows, columns), np.arctan2(rows, columns)  #: safe safe


def bits(i):
    return np.bitwise_and(i, 7), np.left_shift(i, 2), np.invert(i)  #: safe safe safe


def packed(b):
    return np.packbits(b)  #: missing


def mask_count(image):
    return np.count_nonzero(np.logical_and(image > 10, image < 200))  #: safe safe


def with_newaxis(x):
    return x[:, np.newaxis] * np.ones(3)[np.newaxis, :]  #: safe safe safe


def broadcast(v4):
    return np.broadcast_to(v4, (3, 4)), np.squeeze(v4[None])  #: safe safe
