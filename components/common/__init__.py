"""What every component shares: strict parameters, names, labels, YAML text, placement, the seam to Kapitan."""
