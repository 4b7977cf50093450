"""Concept Digest: an e-mail newsletter bot that sends new papers by concept feed."""

__version__ = "0.1.0"
