"""No socket, no server: modules by themselves, and the pipeline against honest fakes."""
