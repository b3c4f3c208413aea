"""The packet model: messages cut into packets that queue at ports with finite buffers. For small fabrics."""
