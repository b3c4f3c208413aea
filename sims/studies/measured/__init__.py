"""Times that others have measured on machines, with their source, and how far the models are off."""
