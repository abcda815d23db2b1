"""Doors to the stores. Only this room opens sockets; what is asked is text from sql/."""
