"""New inventory files: what is known from the command line and from the inventory, filled into a template."""
