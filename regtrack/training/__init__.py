"""From measured peaks to a trained network: labels, windows, the training loop."""
