"""Mechanisms without nouns of the office."""
