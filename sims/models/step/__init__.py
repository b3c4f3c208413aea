"""A step of a training job on the clock of the fluid network: its tasks run, and where their time goes."""
