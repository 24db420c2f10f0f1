"""Serving runtimes: how each engine is started, probed, hardened and measured."""
