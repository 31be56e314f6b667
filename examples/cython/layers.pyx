# cython: language_level=3
"""Mish in Cython: of single numbers without the interpreter, and of a memory view."""

cdef extern from "mish.h" nogil:
    ctypedef enum mish_format:
        MISH_FLOAT32
    ctypedef enum mish_status:
        MISH_OK
    double mish(double x)
    const char* mish_status_text(mish_status status)
    mish_status mish_array(int order, mish_format format, const void* x, Py_ssize_t x_stride,
                           void* y, Py_ssize_t y_stride, size_t n)


def mean(double[:] x):
    """The mean of Mish over some numbers."""
    cdef double sum = 0
    cdef Py_ssize_t i
    with nogil:
        for i in range(x.shape[0]):
            sum += mish(x[i])
    return sum / x.shape[0]


def activate(float[:] x):
    """Mish of each number, in place."""
    cdef mish_status status = MISH_OK
    if x.shape[0] > 0:
        with nogil:
            status = mish_array(0, MISH_FLOAT32, &x[0], x.strides[0], &x[0], x.strides[0],
                                x.shape[0])
    if status != MISH_OK:
        raise ValueError(mish_status_text(status).decode())
