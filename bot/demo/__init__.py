"""The whole job on loopback with sample papers."""
