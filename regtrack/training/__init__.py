"""From a dataset to a network: examples, steps, validation, states, comparison."""
