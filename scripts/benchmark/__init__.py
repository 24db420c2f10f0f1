"""Synthetic fleets made from the committed mix, and the cost of compiling them."""
