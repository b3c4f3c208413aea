"""A step of a training job: what its ranks compute and send, by model or by hand. No network, no clock."""
