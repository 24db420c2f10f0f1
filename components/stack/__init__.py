"""One model served on one cluster: parameters, what is derived from them, and the components they compile to."""
