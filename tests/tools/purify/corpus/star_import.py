"""A star import."""

from numpy import *  #: review:star


def wave(x):
    return sin(2 * pi * x)  #: safe safe


def total(x):
    return mean(x), std(x), linspace(0, 1, 5)  #: safe safe safe


def shadowed(x):
    mean = len(x)
    return mean


def builtin_names(x):
    return len(list(x)), float(x[0])
