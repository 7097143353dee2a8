"""The version of nofb."""

__version__ = "0.1.0"
