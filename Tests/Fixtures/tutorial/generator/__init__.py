"""Makes the tutorial's records, in the shapes that switches and gateways send."""
