"""Tests: unit, conventions, integration, end_to_end; a floor a folder, named by its marker."""
