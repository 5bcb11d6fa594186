"""How well a live camera follows and names things, measured on films of scenes whose things are known."""
