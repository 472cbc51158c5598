"""Sizes of files, for people."""

_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def byte_size(size: int) -> str:
    """Return `size` in the unit that reads best.

    >>> byte_size(1_234_567)
    '1.2 MB'
    """
    value, unit = float(size), 0
    while value >= 1000 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{size} bytes" if unit == 0 else f"{value:.1f} {_UNITS[unit]}"
