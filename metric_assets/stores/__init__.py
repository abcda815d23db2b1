"""Stores: the only package that opens sockets; what is asked is text from sql/."""
