"""No socket, no server: rooms by themselves, and the pipeline against honest fakes."""
