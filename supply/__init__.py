"""What the packages are made of, and what is known against it: run from the checkout."""
