"""The identification of entities: what it is measured on, asking, figures, and the fit of its matcher."""
