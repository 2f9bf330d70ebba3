"""The networks, one kind a file: what they are made of, nothing of how they are trained."""
